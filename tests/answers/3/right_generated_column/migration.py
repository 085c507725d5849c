"""Add the device that a booking holds, which is unique

Open bookings that the bug has left are closed, except that of the workflow that holds the device.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


CLOSE_DUPLICATES = """
UPDATE bookings SET released_at = timezone('UTC', now())
 WHERE id IN (
    SELECT id FROM (
        SELECT b.id, row_number() OVER (
                   PARTITION BY b.device_id
                   ORDER BY b.workflow_id IS NOT DISTINCT FROM d.workflow_id DESC, b.booked_at DESC, b.id DESC
               ) AS place
          FROM bookings b JOIN devices d ON d.id = b.device_id
         WHERE b.released_at IS NULL
    ) AS still_open
    WHERE place > 1
)
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("LOCK TABLE bookings IN ACCESS EXCLUSIVE MODE")
    op.execute(CLOSE_DUPLICATES)
    op.add_column(
        "bookings",
        sa.Column(
            "held_device_id",
            sa.String(50),
            sa.Computed(
                "CASE WHEN released_at IS NULL THEN device_id ELSE NULL::character varying END",
                persisted=True,
            ),
            nullable=True,
        ),
    )
    op.create_unique_constraint(op.f("uq_bookings_held_device_id"), "bookings", ["held_device_id"])


def downgrade() -> None:
    op.drop_column("bookings", "held_device_id")
