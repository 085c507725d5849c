"""index the device as well

Revision ID: 0004
Revises: 0003
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index(
            op.f("ix_execution_logs_started_at_device_id"),
            "execution_logs",
            ["started_at", "device_id"],
            postgresql_concurrently=True,
        )
        op.drop_index(
            op.f("ix_execution_logs_started_at"), table_name="execution_logs", postgresql_concurrently=True
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index(
            op.f("ix_execution_logs_started_at"),
            "execution_logs",
            ["started_at"],
            postgresql_concurrently=True,
        )
        op.drop_index(
            op.f("ix_execution_logs_started_at_device_id"),
            table_name="execution_logs",
            postgresql_concurrently=True,
        )
