"""index the device of bookings

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_bookings_device_id"), "bookings", ["device_id"], if_not_exists=True)


def downgrade() -> None:
    op.drop_index(op.f("ix_bookings_device_id"), table_name="bookings", if_exists=True)
