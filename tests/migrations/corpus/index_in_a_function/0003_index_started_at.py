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
        CREATE FUNCTION ensure_index() RETURNS void LANGUAGE plpgsql AS $$
        BEGIN
            CREATE INDEX ix_execution_logs_started_at ON execution_logs (started_at);
        END
        $$
        """
    )
    op.execute("SELECT ensure_index()")
    op.execute("DROP FUNCTION ensure_index()")


def downgrade() -> None:
    op.execute("DROP INDEX ix_execution_logs_started_at")
