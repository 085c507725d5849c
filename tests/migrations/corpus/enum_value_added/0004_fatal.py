"""fatal incidents

Revision ID: 0004
Revises: 0003
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TYPE incident_severity ADD VALUE 'fatal'")


def downgrade() -> None:
    raise NotImplementedError("PostgreSQL cannot remove a value from an enum: leave it there, unused.")
