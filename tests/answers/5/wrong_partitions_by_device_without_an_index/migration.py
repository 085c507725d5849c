"""Keep the logs of the devices in partitions

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

COLUMNS = "id, device_id, workflow_id, operation, status, message, started_at, completed_at, duration_ms"


def upgrade() -> None:
    op.execute("ALTER TABLE execution_logs RENAME TO old_logs")
    op.execute("ALTER SEQUENCE execution_logs_id_seq OWNED BY NONE")
    op.execute("CREATE TABLE execution_logs (LIKE old_logs INCLUDING DEFAULTS) PARTITION BY HASH (device_id)")
    for part in range(8):
        op.execute(
            f"CREATE TABLE execution_logs_{part} PARTITION OF execution_logs"
            f" FOR VALUES WITH (MODULUS 8, REMAINDER {part})"
        )
    op.execute(f"INSERT INTO execution_logs ({COLUMNS}) SELECT {COLUMNS} FROM old_logs")
    op.execute("DROP TABLE old_logs")
    op.execute("ALTER SEQUENCE execution_logs_id_seq OWNED BY execution_logs.id")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON execution_logs TO device_service, workflow_service")


def downgrade() -> None:
    op.execute("CREATE TABLE plain (LIKE execution_logs INCLUDING DEFAULTS)")
    op.execute(f"INSERT INTO plain ({COLUMNS}) SELECT {COLUMNS} FROM execution_logs")
    op.execute("ALTER SEQUENCE execution_logs_id_seq OWNED BY NONE")
    op.execute("DROP TABLE execution_logs")
    op.execute("ALTER TABLE plain RENAME TO execution_logs")
    op.execute("ALTER TABLE execution_logs ADD CONSTRAINT pk_execution_logs PRIMARY KEY (id)")
    op.execute("ALTER SEQUENCE execution_logs_id_seq OWNED BY execution_logs.id")
