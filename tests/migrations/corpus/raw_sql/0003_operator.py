"""the operator of a run

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        SET LOCAL lock_timeout = '2s';
        ALTER TABLE execution_logs ADD COLUMN operator varchar(50) DEFAULT 'unknown' NOT NULL;
        COMMENT ON COLUMN execution_logs.operator IS 'who started the run'
        """
    )


def downgrade() -> None:
    op.execute(
        """
        SET LOCAL lock_timeout = '2s';
        ALTER TABLE execution_logs DROP COLUMN operator
        """
    )
