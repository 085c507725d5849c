"""Index the runs of each device by their start

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


INDEX = "ix_execution_logs_device_id_started_at_id"


def upgrade() -> None:
    # A build that was interrupted leaves an invalid index.
    with op.get_context().autocommit_block():
        op.drop_index(INDEX, "execution_logs", postgresql_concurrently=True, if_exists=True)
        op.create_index(
            INDEX, "execution_logs", ["device_id", "started_at", "id"], postgresql_concurrently=True
        )


def downgrade() -> None:
    op.drop_index(INDEX, "execution_logs")
