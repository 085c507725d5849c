"""numbers of bookings

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
    op.execute("CREATE SEQUENCE booking_number_seq")
    op.add_column(
        "bookings",
        sa.Column(
            "number", sa.Integer(), server_default=sa.text("nextval('booking_number_seq')"), nullable=False
        ),
    )


def downgrade() -> None:
    op.drop_column("bookings", "number")
