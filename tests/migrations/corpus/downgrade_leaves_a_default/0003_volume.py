"""samples start empty

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
    op.alter_column("samples", "volume_ul", existing_type=sa.Double(), server_default="0")


def downgrade() -> None:
    op.alter_column("samples", "volume_ul", existing_type=sa.Double(), existing_server_default="0")
