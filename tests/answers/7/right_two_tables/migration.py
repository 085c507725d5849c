"""Add the queue of each device

One table has those that wait, another one those that waited. A downgrade drops both.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")  # the foreign keys lock `devices`
    op.create_table(
        "queue_waiting",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.String(50), nullable=False),
        sa.Column("workflow_id", sa.String(36), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("queued_at", sa.DateTime(), server_default=sa.func.clock_timestamp(), nullable=False),
        sa.CheckConstraint("rank IN (1, 5, 10)", name=op.f("ck_queue_waiting_rank")),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name=op.f("fk_queue_waiting_device_id_devices")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queue_waiting")),
        sa.UniqueConstraint("device_id", "workflow_id", name=op.f("uq_queue_waiting_device_id_workflow_id")),
    )
    op.create_index("ix_queue_waiting_order", "queue_waiting", ["device_id", "rank", "id"])
    op.create_table(
        "queue_ended",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("device_id", sa.String(50), nullable=False),
        sa.Column("workflow_id", sa.String(36), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("queued_at", sa.DateTime(), nullable=False),
        sa.Column("outcome", sa.String(10), nullable=False),
        sa.Column("ended_at", sa.DateTime(), server_default=sa.func.clock_timestamp(), nullable=False),
        sa.CheckConstraint("outcome IN ('booked', 'cancelled')", name=op.f("ck_queue_ended_outcome")),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_queue_ended_device_id_devices")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queue_ended")),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("queue_ended")
    op.drop_table("queue_waiting")
