"""bookings are reservations, step 1 of 2: both names

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
    op.execute(
        "CREATE VIEW bookings AS SELECT id, device_id, workflow_id, booked_at, released_at FROM reservations"
    )


def downgrade() -> None:
    op.execute("DROP VIEW bookings")
    op.rename_table("reservations", "bookings")
