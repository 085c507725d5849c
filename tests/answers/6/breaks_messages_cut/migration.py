"""limit the length of messages

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
    # A page of logs needs memory for its messages: no more than this for each.
    op.alter_column("execution_logs", "message", type_=sa.String(40), postgresql_using="left(message, 40)")


def downgrade() -> None:
    op.alter_column("execution_logs", "message", type_=sa.Text())
