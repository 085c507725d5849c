"""move old logs to an archive

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ARCHIVE = """
CREATE TABLE execution_logs_archive AS
SELECT device_id, operation, started_at::date AS day, count(*) AS runs, sum(duration_ms) AS duration_ms
FROM execution_logs WHERE started_at < '2024-01-01' GROUP BY device_id, operation, started_at::date
"""


def upgrade() -> None:
    # The list of logs needs the recent ones. Of the others, the sums are enough.
    op.execute(ARCHIVE)
    op.execute("DELETE FROM execution_logs WHERE started_at < '2024-01-01'")


def downgrade() -> None:
    op.execute("DROP TABLE execution_logs_archive")
