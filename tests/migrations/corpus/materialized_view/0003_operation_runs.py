"""how often operations run

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
        "CREATE MATERIALIZED VIEW operation_runs AS"
        " SELECT operation, count(*) AS runs FROM execution_logs GROUP BY operation"
    )


def downgrade() -> None:
    op.execute("DROP MATERIALIZED VIEW operation_runs")
