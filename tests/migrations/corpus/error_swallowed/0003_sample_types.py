"""one sample of a type

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
        DO $$
        BEGIN
            ALTER TABLE samples ADD CONSTRAINT uq_samples_type UNIQUE (type);
        EXCEPTION WHEN OTHERS THEN
            RAISE NOTICE 'uq_samples_type exists already';
        END
        $$
        """
    )


def downgrade() -> None:
    op.execute("ALTER TABLE samples DROP CONSTRAINT IF EXISTS uq_samples_type")
