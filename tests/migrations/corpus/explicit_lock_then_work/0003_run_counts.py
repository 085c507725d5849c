"""count the runs

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "run_counts",
        sa.Column("operation", sa.String(50), nullable=False),
        sa.Column("runs", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("operation", name=op.f("pk_run_counts")),
    )
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("LOCK TABLE execution_logs IN SHARE MODE")
    op.execute("INSERT INTO run_counts SELECT operation, count(*) FROM execution_logs GROUP BY operation")


def downgrade() -> None:
    op.drop_table("run_counts")
