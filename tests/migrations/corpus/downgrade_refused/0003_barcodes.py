"""barcodes in one spelling

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE samples SET barcode = upper(trim(barcode)) WHERE barcode <> upper(trim(barcode))")


def downgrade() -> None:
    raise NotImplementedError(
        "The spelling of barcodes before 0003 is not kept: restore samples from a backup."
    )
