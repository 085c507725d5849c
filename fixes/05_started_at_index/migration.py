"""Index the start of execution logs

Built concurrently: devices go on writing logs meanwhile. Such a build runs outside a transaction, and one
that is cut short leaves an invalid index behind, which a second try has to remove first.

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
    """Without this, IF NOT EXISTS would take an index that serves nobody for done."""
    if op.get_context().as_sql:
        return  # a script cannot look first
    if op.get_bind().execute(IS_INVALID, {"index": INDEX}).first() is not None:
        op.drop_index(INDEX, TABLE, if_exists=True, postgresql_concurrently=True)


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(INDEX, TABLE, if_exists=True, postgresql_concurrently=True)
