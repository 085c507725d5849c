"""Index execution_logs.started_at

The index is built concurrently, so devices can write logs meanwhile. Such a build runs outside a transaction.
If it is interrupted, it leaves an invalid index, which must be dropped before the next attempt.

Revision ID: fix_5
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision = "fix_5"
down_revision = None
branch_labels = ("fix5",)
depends_on = None

INDEX = "ix_execution_logs_started_at"
TABLE = "execution_logs"

IS_INVALID = sa.text("SELECT FROM pg_index WHERE indexrelid = to_regclass(:index) AND NOT indisvalid")


def upgrade() -> None:
    with op.get_context().autocommit_block():
        _drop_leftover()
        op.create_index(INDEX, TABLE, ["started_at"], if_not_exists=True, postgresql_concurrently=True)


def _drop_leftover() -> None:
    """Drop an invalid index. IF NOT EXISTS would keep it, and no query would use it."""
    if op.get_context().as_sql:
        return  # --sql has no database to check
    if op.get_bind().execute(IS_INVALID, {"index": INDEX}).first() is not None:
        op.drop_index(INDEX, TABLE, if_exists=True, postgresql_concurrently=True)


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(INDEX, TABLE, if_exists=True, postgresql_concurrently=True)
