"""Book devices in a function that locks the device

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


CLAIM_DEVICE = """
CREATE FUNCTION claim_device(wanted varchar, holder varchar) RETURNS SETOF bookings
LANGUAGE plpgsql AS $$
DECLARE
    present varchar;
BEGIN
    SELECT status INTO present FROM devices WHERE id = wanted FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no device %', wanted USING ERRCODE = 'LB404';
    ELSIF present <> 'available' THEN
        RAISE EXCEPTION 'device % is %', wanted, present USING ERRCODE = 'LB409';
    END IF;
    UPDATE devices SET status = 'busy', workflow_id = holder, updated_at = now() WHERE id = wanted;
    RETURN QUERY INSERT INTO bookings (device_id, workflow_id) VALUES (wanted, holder) RETURNING *;
END
$$
"""


def upgrade() -> None:
    op.execute(CLAIM_DEVICE)


def downgrade() -> None:
    op.execute("DROP FUNCTION claim_device(varchar, varchar)")
