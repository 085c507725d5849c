"""index the start of execution logs

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    # review: ignore[lock-held-while-working] devices stand still from 02:00 to 03:00, when this is deployed
    op.create_index(op.f("ix_execution_logs_started_at"), "execution_logs", ["started_at"])


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.drop_index(op.f("ix_execution_logs_started_at"), table_name="execution_logs")
