"""notes on runs

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.create_table(
        "log_notes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("log_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["log_id"], ["execution_logs.id"], name=op.f("fk_log_notes_log_id_execution_logs")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_notes")),
    )
    op.create_index(op.f("ix_log_notes_log_id"), "log_notes", ["log_id"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.drop_table("log_notes")
