"""all runs have an operator

Revision ID: 0005
Revises: 0004
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE execution_logs VALIDATE CONSTRAINT ck_execution_logs_operator_not_null")


def downgrade() -> None:
    pass
