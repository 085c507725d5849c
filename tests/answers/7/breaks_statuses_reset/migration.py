"""add the device queue

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


LOCK_TIMEOUT = "SET LOCAL lock_timeout = '5s'"


def upgrade() -> None:
    # The foreign key locks `devices` against writes. Waiting for that lock also blocks all writes that come
    # later, so give up if another transaction holds the table for long.
    op.execute(LOCK_TIMEOUT)
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
    # No device may be unavailable without a workflow, or its queue would never move.
    op.execute("UPDATE devices SET status = 'available' WHERE workflow_id IS NULL")


def downgrade() -> None:
    op.execute(LOCK_TIMEOUT)  # dropping the foreign key locks `devices` too
    op.drop_table("device_queue", if_exists=True)
