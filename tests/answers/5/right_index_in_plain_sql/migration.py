"""Index the start of logs

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE INDEX IF NOT EXISTS ix_execution_logs_started_at ON execution_logs (started_at)")


def downgrade() -> None:
    op.execute("DROP INDEX IF EXISTS ix_execution_logs_started_at")
