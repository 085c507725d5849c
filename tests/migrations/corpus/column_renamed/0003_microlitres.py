"""volumes by their unit

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("samples", "volume_ul", new_column_name="microlitres")


def downgrade() -> None:
    op.alter_column("samples", "microlitres", new_column_name="volume_ul")
