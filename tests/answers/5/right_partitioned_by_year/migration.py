"""Partition the execution logs by year

Both directions copy all rows. The table is locked meanwhile, for seconds.

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


COLUMNS = "id, device_id, workflow_id, operation, status, message, started_at, completed_at, duration_ms"

SET_ASIDE = """
LOCK TABLE execution_logs IN ACCESS EXCLUSIVE MODE;
ALTER TABLE execution_logs RENAME TO old_execution_logs;
ALTER INDEX pk_execution_logs RENAME TO pk_old_execution_logs;
ALTER TABLE old_execution_logs
    RENAME CONSTRAINT fk_execution_logs_device_id_devices TO fk_old_execution_logs_device_id_devices
"""
PARTITIONED = """
CREATE TABLE execution_logs (
    LIKE old_execution_logs INCLUDING DEFAULTS,
    CONSTRAINT pk_execution_logs PRIMARY KEY (started_at, id)
) PARTITION BY RANGE (started_at)
"""
PARTITIONS = """
DO $$
DECLARE
    first integer;
    year integer;
BEGIN
    SELECT extract(year FROM coalesce(min(started_at), now())) INTO first FROM old_execution_logs;
    FOR year IN greatest(first, 2000) .. extract(year FROM now())::integer + 5 LOOP
        EXECUTE format(
            'CREATE TABLE execution_logs_%s PARTITION OF execution_logs FOR VALUES FROM (%L) TO (%L)',
            year, make_date(year, 1, 1), make_date(year + 1, 1, 1)
        );
    END LOOP;
END
$$;
CREATE TABLE execution_logs_other PARTITION OF execution_logs DEFAULT
"""
FLAT = """
CREATE TABLE execution_logs (
    LIKE old_execution_logs INCLUDING DEFAULTS,
    CONSTRAINT pk_execution_logs PRIMARY KEY (id)
)
"""
FOREIGN_KEY = """
ALTER TABLE execution_logs
  ADD CONSTRAINT fk_execution_logs_device_id_devices FOREIGN KEY (device_id) REFERENCES devices (id)
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(SET_ASIDE)
    op.execute(PARTITIONED)
    op.execute(PARTITIONS)
    _move_rows()
    op.create_index(op.f("ix_execution_logs_id"), "execution_logs", ["id"])
    op.execute("ANALYZE execution_logs")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP INDEX ix_execution_logs_id")
    op.execute(SET_ASIDE)
    op.execute(FLAT)
    _move_rows()
    op.execute("ANALYZE execution_logs")


def _move_rows() -> None:
    op.execute(f"INSERT INTO execution_logs ({COLUMNS}) SELECT {COLUMNS} FROM old_execution_logs ORDER BY id")
    op.execute(FOREIGN_KEY)
    op.execute("ALTER SEQUENCE execution_logs_id_seq OWNED BY execution_logs.id")
    op.execute("DROP TABLE old_execution_logs")
