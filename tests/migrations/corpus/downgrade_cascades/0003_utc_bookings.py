"""bookings in UTC

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
    op.execute(
        "CREATE FUNCTION utc_now() RETURNS timestamp STABLE LANGUAGE sql RETURN now() AT TIME ZONE 'UTC'"
    )
    op.alter_column("bookings", "booked_at", existing_type=sa.DateTime(), server_default=sa.text("utc_now()"))


def downgrade() -> None:
    op.execute("DROP FUNCTION utc_now() CASCADE")
