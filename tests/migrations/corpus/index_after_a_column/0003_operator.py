"""the operator of a run

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.add_column("execution_logs", sa.Column("operator", sa.String(50), nullable=True))
    with op.get_context().autocommit_block():
        op.create_index(
            op.f("ix_execution_logs_operator"), "execution_logs", ["operator"], postgresql_concurrently=True
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(
            op.f("ix_execution_logs_operator"), table_name="execution_logs", postgresql_concurrently=True
        )
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.drop_column("execution_logs", "operator")
