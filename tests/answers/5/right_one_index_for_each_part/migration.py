"""Index logs by start, and the runs of each device

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_execution_logs_started_at", "execution_logs", ["started_at"])
    op.create_index("ix_execution_logs_device_id_started_at", "execution_logs", ["device_id", "started_at"])


def downgrade() -> None:
    op.drop_index("ix_execution_logs_device_id_started_at", "execution_logs")
    op.drop_index("ix_execution_logs_started_at", "execution_logs")
