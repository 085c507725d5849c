"""the room of a device

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import orm

from app.device_service.models import Device

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("devices", sa.Column("room", sa.String(20), nullable=True))
    session = orm.Session(op.get_bind())
    for device in session.scalars(sa.select(Device)):
        device.room = "R1"
    session.flush()


def downgrade() -> None:
    op.drop_column("devices", "room")
