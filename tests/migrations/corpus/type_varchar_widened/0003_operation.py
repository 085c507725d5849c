"""longer operations

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
    op.alter_column(
        "execution_logs",
        "operation",
        existing_type=sa.String(50),
        type_=sa.String(100),
        existing_nullable=False,
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.alter_column(
        "execution_logs",
        "operation",
        existing_type=sa.String(100),
        type_=sa.String(50),
        existing_nullable=False,
    )
