"""look into pages

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE EXTENSION pageinspect")


def downgrade() -> None:
    op.execute("DROP EXTENSION pageinspect")
