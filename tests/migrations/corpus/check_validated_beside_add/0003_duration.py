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
    op.execute(
        "ALTER TABLE execution_logs"
        " ADD CONSTRAINT ck_execution_logs_duration CHECK (duration_ms >= 0) NOT VALID"
    )
    op.execute("ALTER TABLE execution_logs VALIDATE CONSTRAINT ck_execution_logs_duration")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("ALTER TABLE execution_logs DROP CONSTRAINT ck_execution_logs_duration")
