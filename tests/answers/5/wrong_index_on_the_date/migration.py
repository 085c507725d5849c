"""Index the day of logs

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
    op.create_index("ix_execution_logs_day", "execution_logs", [sa.text("date(started_at)")])


def downgrade() -> None:
    op.drop_index("ix_execution_logs_day", "execution_logs")
