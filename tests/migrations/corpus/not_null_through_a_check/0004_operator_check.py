"""new runs have an operator

Revision ID: 0004
Revises: 0003
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute(
        "ALTER TABLE execution_logs"
        " ADD CONSTRAINT ck_execution_logs_operator_not_null CHECK (operator IS NOT NULL) NOT VALID"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("ALTER TABLE execution_logs DROP CONSTRAINT ck_execution_logs_operator_not_null")
