"""who booked

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
    op.add_column("bookings", sa.Column("booked_by", sa.String(50), nullable=True))
    op.execute("UPDATE bookings SET booked_by = workflow_id")
    op.alter_column("bookings", "booked_by", existing_type=sa.String(50), nullable=False)


def downgrade() -> None:
    op.drop_column("bookings", "booked_by")
