"""index the start of execution logs

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

IS_INVALID = sa.text(
    "SELECT FROM pg_index WHERE indexrelid = to_regclass('ix_execution_logs_started_at') AND NOT indisvalid"
)


def upgrade() -> None:
    with op.get_context().autocommit_block():
        if op.get_bind().execute(IS_INVALID).first() is not None:
            op.execute("DROP INDEX CONCURRENTLY ix_execution_logs_started_at")
        op.execute(
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_execution_logs_started_at"
            " ON execution_logs (started_at)"
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(
            op.f("ix_execution_logs_started_at"), table_name="execution_logs", postgresql_concurrently=True
        )
