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


def upgrade() -> None:
    op.add_column("devices", sa.Column("room", sa.String(20), nullable=True))
    op.execute("UPDATE devices SET room = 'R1'")


def downgrade() -> None:
    op.drop_column("devices", "room")
