"""one open booking of a device

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
    # Duplicates would keep the index from being built.
    op.execute("UPDATE bookings SET released_at = now() WHERE released_at IS NULL")
    op.create_index(
        "uq_bookings_open",
        "bookings",
        ["device_id"],
        unique=True,
        postgresql_where=sa.text("released_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("uq_bookings_open", "bookings")
