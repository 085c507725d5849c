"""Let a trigger forbid a second open booking of a device

Open bookings that the bug has left are closed, except that of the workflow that holds the device.

Revision ID: 0003
Revises: 0002
"""

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

CHECK = """
CREATE FUNCTION check_open_bookings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- One after the other. The query below then sees what those before have committed.
    PERFORM FROM devices WHERE id = NEW.device_id FOR NO KEY UPDATE;
    IF EXISTS (
        SELECT FROM bookings
         WHERE device_id = NEW.device_id AND released_at IS NULL AND id <> NEW.id
    ) THEN
        RAISE EXCEPTION 'device % has an open booking', NEW.device_id
            USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'one_open_booking', TABLE = 'bookings';
    END IF;
    RETURN NEW;
END
$$
"""
TRIGGER = """
CREATE TRIGGER one_open_booking BEFORE INSERT OR UPDATE OF device_id, released_at ON bookings
   FOR EACH ROW WHEN (NEW.released_at IS NULL) EXECUTE FUNCTION check_open_bookings()
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("LOCK TABLE bookings IN SHARE ROW EXCLUSIVE MODE")
    op.execute(CLOSE_DUPLICATES)
    op.execute(CHECK)
    op.execute(TRIGGER)


def downgrade() -> None:
    op.execute("DROP TRIGGER one_open_booking ON bookings")
    op.execute("DROP FUNCTION check_open_bookings()")
