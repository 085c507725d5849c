"""execution logs in partitions

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

COLUMNS = "id, device_id, workflow_id, operation, status, message, started_at, completed_at, duration_ms"
ASIDE = """
LOCK TABLE execution_logs IN ACCESS EXCLUSIVE MODE;
ALTER TABLE execution_logs RENAME TO old_execution_logs;
ALTER INDEX pk_execution_logs RENAME TO pk_old_execution_logs;
ALTER TABLE old_execution_logs
    RENAME CONSTRAINT fk_execution_logs_device_id_devices TO fk_old_execution_logs_device_id_devices
"""
FOREIGN_KEY = """
ALTER TABLE execution_logs ADD CONSTRAINT fk_execution_logs_device_id_devices
    FOREIGN KEY (device_id) REFERENCES devices (id)
"""
PARTITIONED = """
CREATE TABLE execution_logs (
    LIKE old_execution_logs INCLUDING DEFAULTS,
    CONSTRAINT pk_execution_logs PRIMARY KEY (id, started_at)
) PARTITION BY RANGE (started_at);
CREATE TABLE execution_logs_before_2025 PARTITION OF execution_logs
    FOR VALUES FROM (MINVALUE) TO ('2025-01-01');
CREATE TABLE execution_logs_since_2025 PARTITION OF execution_logs
    FOR VALUES FROM ('2025-01-01') TO (MAXVALUE)
"""
FLAT = """
CREATE TABLE execution_logs (
    LIKE old_execution_logs INCLUDING DEFAULTS,
    CONSTRAINT pk_execution_logs PRIMARY KEY (id)
)
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    _move_to(PARTITIONED)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    _move_to(FLAT)


def _move_to(table: str) -> None:
    op.execute(ASIDE)
    op.execute(table)
    op.execute(f"INSERT INTO execution_logs ({COLUMNS}) SELECT {COLUMNS} FROM old_execution_logs")
    op.execute("ALTER SEQUENCE execution_logs_id_seq OWNED BY execution_logs.id")
    op.execute("DROP TABLE old_execution_logs")
    op.execute(FOREIGN_KEY)
