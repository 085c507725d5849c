"""no negative duration

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
    op.create_check_constraint(op.f("ck_execution_logs_duration"), "execution_logs", "duration_ms >= 0")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.drop_constraint(op.f("ck_execution_logs_duration"), "execution_logs", type_="check")
