"""Search the logs in a function, with an index on their start

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


RUNS_WITH_IDLE_TIME = """
CREATE FUNCTION runs_with_idle_time(since timestamp, until timestamp, device varchar)
RETURNS TABLE (
    id integer, device_id varchar, workflow_id varchar, operation varchar, status varchar, message text,
    started_at timestamp, completed_at timestamp, duration_ms integer, previous_end timestamp
) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
    run execution_logs;
BEGIN
    FOR run IN
        SELECT * FROM execution_logs
         WHERE started_at >= since AND started_at < until AND (device IS NULL OR device_id = device)
         ORDER BY started_at, id
    LOOP
        previous_end := (
            SELECT earlier.completed_at FROM execution_logs AS earlier
             WHERE earlier.device_id = run.device_id
               AND (earlier.started_at, earlier.id) < (run.started_at, run.id)
             ORDER BY earlier.started_at DESC, earlier.id DESC
             LIMIT 1
        );
        id := run.id;
        device_id := run.device_id;
        workflow_id := run.workflow_id;
        operation := run.operation;
        status := run.status;
        message := run.message;
        started_at := run.started_at;
        completed_at := run.completed_at;
        duration_ms := run.duration_ms;
        RETURN NEXT;
    END LOOP;
END
$$
"""


def upgrade() -> None:
    op.create_index(op.f("ix_execution_logs_started_at_id"), "execution_logs", ["started_at", "id"])
    op.execute(RUNS_WITH_IDLE_TIME)


def downgrade() -> None:
    op.execute("DROP FUNCTION runs_with_idle_time(timestamp, timestamp, varchar)")
    op.drop_index(op.f("ix_execution_logs_started_at_id"), "execution_logs")
