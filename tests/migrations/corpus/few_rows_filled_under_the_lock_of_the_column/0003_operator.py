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
    op.execute(
        "UPDATE execution_logs SET operator = 'night shift'"
        " WHERE started_at >= '2025-01-01' AND started_at < '2025-01-02'"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.drop_column("execution_logs", "operator")
