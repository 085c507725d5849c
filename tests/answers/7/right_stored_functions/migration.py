"""Add the device queue, and the functions that keep it

A downgrade drops the queue with all of its entries.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


JOIN_QUEUE = """
CREATE FUNCTION join_device_queue(device varchar, workflow varchar, wanted varchar)
RETURNS SETOF device_queue LANGUAGE plpgsql AS $$
DECLARE
    holder varchar;
BEGIN
    SELECT workflow_id INTO holder FROM devices WHERE id = device FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'No device %.', quote_literal(device) USING ERRCODE = 'LB404';
    ELSIF holder = workflow THEN
        RAISE EXCEPTION 'Workflow % already holds the device.', quote_literal(workflow)
            USING ERRCODE = 'LB409';
    ELSIF EXISTS (
        SELECT FROM device_queue
         WHERE device_id = device AND workflow_id = workflow AND status = 'queued'
    ) THEN
        RAISE EXCEPTION 'Workflow % is already queued.', quote_literal(workflow) USING ERRCODE = 'LB409';
    ELSIF (SELECT count(*) FROM device_queue WHERE device_id = device AND status = 'queued') >= 1000 THEN
        RAISE EXCEPTION 'The queue of the device is full: 1000 entries.' USING ERRCODE = 'LB409';
    END IF;
    RETURN QUERY
        INSERT INTO device_queue (device_id, workflow_id, priority, priority_value, queued_at)
        VALUES (
            device, workflow, wanted, CASE wanted WHEN 'high' THEN 1 WHEN 'normal' THEN 5 ELSE 10 END,
            clock_timestamp()
        )
        RETURNING *;
END
$$
"""
SERVE_QUEUE = """
CREATE FUNCTION serve_device_queue(device varchar)
RETURNS SETOF device_queue LANGUAGE plpgsql AS $$
DECLARE
    chosen device_queue;
BEGIN
    -- No stronger lock than that of the UPDATE before: a booking that is being added holds a key lock.
    PERFORM FROM devices WHERE id = device AND status = 'available' FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT * INTO chosen FROM device_line(device) LIMIT 1;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    UPDATE devices
       SET status = 'busy', workflow_id = chosen.workflow_id, updated_at = now()
     WHERE id = device;
    INSERT INTO bookings (device_id, workflow_id) VALUES (device, chosen.workflow_id);
    RETURN QUERY
        UPDATE device_queue SET status = 'booked', booked_at = clock_timestamp()
         WHERE id = chosen.id
        RETURNING *;
END
$$
"""
CANCEL_ENTRY = """
CREATE FUNCTION cancel_queue_entry(device varchar, entry integer)
RETURNS SETOF device_queue LANGUAGE plpgsql AS $$
DECLARE
    present varchar;
BEGIN
    PERFORM FROM devices WHERE id = device FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'No device %.', quote_literal(device) USING ERRCODE = 'LB404';
    END IF;
    SELECT status INTO present FROM device_queue WHERE id = entry AND device_id = device;
    IF present = 'booked' THEN
        RAISE EXCEPTION 'The device is already booked for entry %: release it instead.', entry
            USING ERRCODE = 'LB409';
    ELSIF present IS DISTINCT FROM 'queued' THEN
        RAISE EXCEPTION 'The device has no entry % in its queue.', entry USING ERRCODE = 'LB404';
    END IF;
    RETURN QUERY UPDATE device_queue SET status = 'cancelled' WHERE id = entry RETURNING *;
END
$$
"""
LINE = """
CREATE FUNCTION device_line(device varchar) RETURNS SETOF device_queue LANGUAGE sql STABLE AS $$
    SELECT * FROM device_queue
     WHERE device_id = device AND status = 'queued'
     ORDER BY priority_value, queued_at, id
$$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")  # the foreign key locks `devices`
    op.create_table(
        "device_queue",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.String(50), nullable=False),
        sa.Column("workflow_id", sa.String(36), nullable=False),
        sa.Column("priority", sa.String(10), server_default="normal", nullable=False),
        sa.Column("priority_value", sa.Integer(), server_default="5", nullable=False),
        sa.Column("status", sa.String(20), server_default="queued", nullable=False),
        sa.Column("queued_at", sa.DateTime(), server_default=sa.func.now(), nullable=False),
        sa.Column("booked_at", sa.DateTime(), nullable=True),
        sa.CheckConstraint(
            "(priority, priority_value) IN (('high', 1), ('normal', 5), ('low', 10))",
            name=op.f("ck_device_queue_priority"),
        ),
        sa.CheckConstraint(
            "status IN ('queued', 'booked', 'cancelled')", name=op.f("ck_device_queue_status")
        ),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name=op.f("fk_device_queue_device_id_devices")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_queue")),
    )
    op.create_index(
        "uq_device_queue_live",
        "device_queue",
        ["device_id", "workflow_id"],
        unique=True,
        postgresql_where=sa.text("status = 'queued'"),
    )
    op.create_index(
        "ix_device_queue_order",
        "device_queue",
        ["device_id", "priority_value", "queued_at", "id"],
        postgresql_where=sa.text("status = 'queued'"),
    )
    for function in (LINE, JOIN_QUEUE, SERVE_QUEUE, CANCEL_ENTRY):
        op.execute(function)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP FUNCTION cancel_queue_entry(varchar, integer)")
    op.execute("DROP FUNCTION serve_device_queue(varchar)")
    op.execute("DROP FUNCTION join_device_queue(varchar, varchar, varchar)")
    op.execute("DROP FUNCTION device_line(varchar)")
    op.drop_table("device_queue")
