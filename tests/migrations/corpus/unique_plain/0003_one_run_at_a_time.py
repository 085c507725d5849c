"""a device starts one run at a time

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.create_unique_constraint(
        op.f("uq_execution_logs_device_id_started_at"), "execution_logs", ["device_id", "started_at"]
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.drop_constraint(op.f("uq_execution_logs_device_id_started_at"), "execution_logs", type_="unique")
