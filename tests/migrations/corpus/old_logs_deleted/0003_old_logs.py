"""drop logs before 2020

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BATCH = sa.text(
    "DELETE FROM execution_logs WHERE id IN"
    " (SELECT id FROM execution_logs WHERE started_at < '2020-01-01' LIMIT 10000)"
)


def upgrade() -> None:
    with op.get_context().autocommit_block():
        while op.get_bind().execute(BATCH).rowcount:
            pass


def downgrade() -> None:
    raise NotImplementedError("Deleted logs cannot be brought back.")
