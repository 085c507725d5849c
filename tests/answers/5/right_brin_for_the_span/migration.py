"""Index the logs by time span, and the runs of each device

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
        op.f("ix_execution_logs_started_at"),
        "execution_logs",
        ["started_at"],
        postgresql_using="brin",
        postgresql_with={"pages_per_range": 16, "autosummarize": "on"},
    )
    op.create_index(
        op.f("ix_execution_logs_device_id_started_at_id"),
        "execution_logs",
        ["device_id", "started_at", "id"],
    )
    op.execute("ANALYZE execution_logs")


def downgrade() -> None:
    op.drop_index(op.f("ix_execution_logs_device_id_started_at_id"), "execution_logs")
    op.drop_index(op.f("ix_execution_logs_started_at"), "execution_logs")
