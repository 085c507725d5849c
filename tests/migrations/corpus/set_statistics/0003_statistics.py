"""better estimates of time spans

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE execution_logs ALTER COLUMN started_at SET STATISTICS 500")


def downgrade() -> None:
    op.execute("ALTER TABLE execution_logs ALTER COLUMN started_at SET STATISTICS -1")
