"""one open booking a device

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


CLOSE_DUPLICATES = """
UPDATE bookings b SET released_at = now()
  FROM devices d
 WHERE d.id = b.device_id AND b.released_at IS NULL
   AND EXISTS (SELECT FROM bookings newer WHERE newer.device_id = b.device_id AND newer.released_at IS NULL
                AND (newer.workflow_id = d.workflow_id, newer.id) > (b.workflow_id = d.workflow_id, b.id))
"""


def upgrade() -> None:
    op.execute(CLOSE_DUPLICATES)
    op.execute(
        "ALTER TABLE bookings ADD CONSTRAINT one_open_booking"
        " EXCLUDE (device_id WITH =) WHERE (released_at IS NULL)"
    )


def downgrade() -> None:
    op.drop_constraint("one_open_booking", "bookings")
