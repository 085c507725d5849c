"""Forbid two open bookings of one device

Existing double bookings are closed first. Of each device's open bookings, the one of the workflow that holds
the device stays open or, if there is none, the newest. A downgrade does not reopen the closed ones.

Revision ID: fix_3
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision = "fix_3"
down_revision = None
branch_labels = ("fix3",)
depends_on = None

CLOSE_DUPLICATES = """
UPDATE bookings
SET released_at = timezone('UTC', now())
WHERE id IN (
    SELECT id
    FROM (
        SELECT
            bookings.id,
            row_number() OVER (
                PARTITION BY bookings.device_id
                ORDER BY
                    bookings.workflow_id IS NOT DISTINCT FROM devices.workflow_id DESC,
                    bookings.booked_at DESC,
                    bookings.id DESC
            ) AS place
        FROM bookings
        JOIN devices ON devices.id = bookings.device_id
        WHERE bookings.released_at IS NULL
    ) AS open_bookings
    WHERE place > 1
)
"""


def upgrade() -> None:
    # The lock keeps new bookings out until the index exists, which takes milliseconds. Waiting for the lock
    # also blocks all bookings that come later, so give up if another transaction holds the table for long.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("LOCK TABLE bookings IN SHARE ROW EXCLUSIVE MODE")
    op.execute(CLOSE_DUPLICATES)
    op.create_index(
        "uq_bookings_open",
        "bookings",
        ["device_id"],
        unique=True,
        postgresql_where=sa.text("released_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("uq_bookings_open", "bookings", if_exists=True)
