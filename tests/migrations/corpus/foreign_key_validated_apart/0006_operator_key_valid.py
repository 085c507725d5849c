"""operators of all runs exist

Revision ID: 0006
Revises: 0005
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE execution_logs VALIDATE CONSTRAINT fk_execution_logs_operator_id_operators")


def downgrade() -> None:
    pass
