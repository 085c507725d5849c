"""index the start of logs, in seconds

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Equal keys share an entry of the index, so whole seconds make it smaller.
    op.alter_column("execution_logs", "started_at", type_=postgresql.TIMESTAMP(precision=0))
    op.create_index("ix_execution_logs_started_at", "execution_logs", ["started_at"])


def downgrade() -> None:
    op.drop_index("ix_execution_logs_started_at", "execution_logs")
    op.alter_column("execution_logs", "started_at", type_=sa.DateTime())
