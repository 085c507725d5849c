"""volumes in nanolitres, step 1 of 2: both columns

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
    op.add_column("samples", sa.Column("volume_nl", sa.BigInteger(), nullable=True))
    op.execute("UPDATE samples SET volume_nl = round(volume_ul * 1000)")


def downgrade() -> None:
    op.drop_column("samples", "volume_nl")
