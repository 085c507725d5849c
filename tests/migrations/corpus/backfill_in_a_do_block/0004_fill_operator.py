"""fill the operator of old runs

Revision ID: 0004
Revises: 0003
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BACKFILL = """
DO $$
DECLARE
    last integer := (SELECT max(id) FROM execution_logs);
BEGIN
    FOR after IN 0 .. last BY 5000 LOOP
        UPDATE execution_logs SET operator = 'unknown'
         WHERE id > after AND id <= after + 5000 AND operator IS NULL;
        COMMIT;
    END LOOP;
END
$$
"""


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute(BACKFILL)


def downgrade() -> None:
    pass
