"""operators of runs exist

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
    op.create_foreign_key(
        op.f("fk_execution_logs_operator_id_operators"),
        "execution_logs",
        "operators",
        ["operator_id"],
        ["id"],
        postgresql_not_valid=True,
    )
    op.execute("ALTER TABLE execution_logs VALIDATE CONSTRAINT fk_execution_logs_operator_id_operators")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.drop_constraint(op.f("fk_execution_logs_operator_id_operators"), "execution_logs", type_="foreignkey")
