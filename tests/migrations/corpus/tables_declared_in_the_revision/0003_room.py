"""the room of a device

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

devices = sa.table("devices", sa.column("id", sa.String), sa.column("room", sa.String))


def upgrade() -> None:
    op.add_column("devices", sa.Column("room", sa.String(20), nullable=True))
    op.execute(devices.update().where(devices.c.id.like("device-%")).values(room="R1"))


def downgrade() -> None:
    op.drop_column("devices", "room")
