"""index the start of execution logs, in short attempts

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BUILD = "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_execution_logs_started_at ON execution_logs (started_at)"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = '60ms'")
        for _ in range(3):
            try:
                op.execute(BUILD)
                break
            except sa.exc.OperationalError:
                continue
        op.execute("RESET statement_timeout")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(
            op.f("ix_execution_logs_started_at"), table_name="execution_logs", postgresql_concurrently=True
        )
