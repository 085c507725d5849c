"""Index logs by start and device

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_execution_logs_started_at_device_id", "execution_logs", ["started_at", "device_id"])


def downgrade() -> None:
    op.drop_index("ix_execution_logs_started_at_device_id", "execution_logs")
