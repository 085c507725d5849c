"""temperatures of devices

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
    op.create_table(
        "device_readings",
        sa.Column("device_id", sa.String(50), nullable=False),
        sa.Column("read_at", sa.DateTime(), nullable=False),
        sa.Column("celsius", sa.Double(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("device_readings")
