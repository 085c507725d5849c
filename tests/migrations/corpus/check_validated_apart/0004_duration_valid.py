"""no negative duration at all

Revision ID: 0004
Revises: 0003
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE execution_logs VALIDATE CONSTRAINT ck_execution_logs_duration")


def downgrade() -> None:
    pass
