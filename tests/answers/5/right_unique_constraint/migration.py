"""Make the order of the logs a key

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


ORDER = "uq_execution_logs_started_at_id"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(ORDER, "execution_logs", postgresql_concurrently=True, if_exists=True)
        op.create_index(
            ORDER, "execution_logs", ["started_at", "id"], unique=True, postgresql_concurrently=True
        )
    op.execute(f"ALTER TABLE execution_logs ADD CONSTRAINT {ORDER} UNIQUE USING INDEX {ORDER}")


def downgrade() -> None:
    op.drop_constraint(ORDER, "execution_logs")
