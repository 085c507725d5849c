"""when a booking was confirmed

Revision ID: 0003
Revises: 0002
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "bookings",
        sa.Column(
            "confirmed_at",
            sa.DateTime(),
            server_default=str(datetime.now(UTC).replace(tzinfo=None)),
            nullable=False,
        ),
    )


def downgrade() -> None:
    op.drop_column("bookings", "confirmed_at")
