"""a booking ends after it starts

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_check_constraint(op.f("ck_bookings_times"), "bookings", "released_at >= booked_at")


def downgrade() -> None:
    raise NotImplementedError
