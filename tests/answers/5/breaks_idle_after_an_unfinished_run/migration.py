"""index logs for both parts of the search

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
    op.create_index("ix_execution_logs_started_at", "execution_logs", ["started_at"])
    op.create_index(
        "ix_execution_logs_ended",
        "execution_logs",
        ["device_id", "started_at", "id"],
        postgresql_where=sa.text("completed_at IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_execution_logs_ended", "execution_logs")
    op.drop_index("ix_execution_logs_started_at", "execution_logs")
