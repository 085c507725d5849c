"""one booking of a device

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Only a booking that is open keeps others out.
    op.execute("DELETE FROM bookings WHERE released_at IS NOT NULL")
    op.create_unique_constraint(op.f("uq_bookings_device_id"), "bookings", ["device_id"])


def downgrade() -> None:
    op.drop_constraint(op.f("uq_bookings_device_id"), "bookings")
