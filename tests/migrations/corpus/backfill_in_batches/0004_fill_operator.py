"""fill the operator of old runs

Revision ID: 0004
Revises: 0003
"""

import time

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BATCH = sa.text(
    "UPDATE execution_logs SET operator = 'unknown'"
    " WHERE id > :after AND id <= :after + 5000 AND operator IS NULL"
)


def upgrade() -> None:
    with op.get_context().autocommit_block():
        last = op.get_bind().scalar(sa.text("SELECT max(id) FROM execution_logs")) or 0
        for after in range(0, last, 5000):
            op.get_bind().execute(BATCH, {"after": after})
            time.sleep(0.01)


def downgrade() -> None:
    pass
