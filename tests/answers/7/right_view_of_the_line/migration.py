"""Add the device queue, and a view of its lines

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


DEVICE_LINES = """
CREATE VIEW device_lines AS
SELECT q.device_id, q.id AS entry_id, p.rank,
       row_number() OVER (PARTITION BY q.device_id ORDER BY p.rank, q.queued_at, q.id) AS place
  FROM device_queue AS q JOIN queue_priorities AS p ON p.name = q.priority
 WHERE q.status = 'queued'
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")  # the foreign key locks `devices`
    priorities = op.create_table(
        "queue_priorities",
        sa.Column("name", sa.String(10), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_queue_priorities")),
        sa.UniqueConstraint("rank", name=op.f("uq_queue_priorities_rank")),
    )
    op.bulk_insert(
        priorities,
        [{"name": "high", "rank": 1}, {"name": "normal", "rank": 2}, {"name": "low", "rank": 3}],
    )
    op.create_table(
        "device_queue",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.String(50), nullable=False),
        sa.Column("workflow_id", sa.String(36), nullable=False),
        sa.Column("priority", sa.String(10), server_default="normal", nullable=False),
        sa.Column("status", sa.String(20), server_default="queued", nullable=False),
        sa.Column("queued_at", sa.DateTime(), server_default=sa.func.now(), nullable=False),
        sa.Column("booked_at", sa.DateTime(), nullable=True),
        sa.CheckConstraint(
            "status IN ('queued', 'booked', 'cancelled')", name=op.f("ck_device_queue_status")
        ),
        sa.ForeignKeyConstraint(
            ["device_id"], ["devices.id"], name=op.f("fk_device_queue_device_id_devices")
        ),
        sa.ForeignKeyConstraint(
            ["priority"], ["queue_priorities.name"], name=op.f("fk_device_queue_priority_queue_priorities")
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
    op.execute(DEVICE_LINES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP VIEW device_lines")
    op.drop_table("device_queue")
    op.drop_table("queue_priorities")
