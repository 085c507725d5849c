"""bookings are reservations

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.rename_table("bookings", "reservations")


def downgrade() -> None:
    op.rename_table("reservations", "bookings")
