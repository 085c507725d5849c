"""fill the operator of old runs

Revision ID: 0004
Revises: 0003
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE execution_logs SET operator = 'unknown' WHERE operator IS NULL")


def downgrade() -> None:
    pass
