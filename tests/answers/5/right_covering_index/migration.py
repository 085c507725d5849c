"""Cover the look-up of the previous run

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_execution_logs_search",
        "execution_logs",
        ["started_at"],
        postgresql_include=["device_id", "completed_at"],
    )


def downgrade() -> None:
    op.drop_index("ix_execution_logs_search", "execution_logs")
