"""Index the recent logs only

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
    op.create_index(
        "ix_execution_logs_recent",
        "execution_logs",
        ["started_at"],
        postgresql_where=sa.text("started_at >= '2024-01-01'"),
    )


def downgrade() -> None:
    op.drop_index("ix_execution_logs_recent", "execution_logs")
