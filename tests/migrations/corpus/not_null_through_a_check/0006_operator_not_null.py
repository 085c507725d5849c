"""the column says so itself

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.alter_column("execution_logs", "operator", existing_type=sa.String(50), nullable=False)
    op.execute("ALTER TABLE execution_logs DROP CONSTRAINT ck_execution_logs_operator_not_null")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute(
        "ALTER TABLE execution_logs"
        " ADD CONSTRAINT ck_execution_logs_operator_not_null CHECK (operator IS NOT NULL) NOT VALID"
    )
    op.alter_column("execution_logs", "operator", existing_type=sa.String(50), nullable=True)
