"""released bookings apart

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

COLUMNS = "id, device_id, workflow_id, booked_at, released_at"
MOVE = f"""
WITH moved AS (
    DELETE FROM bookings WHERE released_at IS NOT NULL RETURNING {COLUMNS}
)
INSERT INTO old_bookings ({COLUMNS}) SELECT {COLUMNS} FROM moved
"""


def upgrade() -> None:
    op.create_table(
        "old_bookings",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("device_id", sa.String(50), nullable=False),
        sa.Column("workflow_id", sa.String(36), nullable=False),
        sa.Column("booked_at", sa.DateTime(), nullable=False),
        sa.Column("released_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_old_bookings")),
    )
    op.execute(MOVE)


def downgrade() -> None:
    op.execute(f"INSERT INTO bookings ({COLUMNS}) SELECT {COLUMNS} FROM old_bookings")
    op.drop_table("old_bookings")
