"""durations over 24 days

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
    op.alter_column("execution_logs", "duration_ms", existing_type=sa.Integer(), type_=sa.BigInteger())


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.alter_column("execution_logs", "duration_ms", existing_type=sa.BigInteger(), type_=sa.Integer())
