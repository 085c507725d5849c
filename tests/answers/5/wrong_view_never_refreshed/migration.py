"""Reckon the gaps between runs beforehand

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

VIEW = """
CREATE MATERIALIZED VIEW log_gaps AS
SELECT id, started_at, device_id,
       lag(completed_at) OVER (PARTITION BY device_id ORDER BY started_at, id) AS previous_ended
  FROM execution_logs
"""


def upgrade() -> None:
    op.execute(VIEW)
    op.create_index("ix_log_gaps_started_at", "log_gaps", ["started_at"])


def downgrade() -> None:
    op.execute("DROP MATERIALIZED VIEW log_gaps")
