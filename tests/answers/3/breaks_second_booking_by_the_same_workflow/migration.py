"""a workflow books a device once

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_unique_constraint(
        op.f("uq_bookings_device_id_workflow_id"), "bookings", ["device_id", "workflow_id"]
    )


def downgrade() -> None:
    op.drop_constraint(op.f("uq_bookings_device_id_workflow_id"), "bookings")
