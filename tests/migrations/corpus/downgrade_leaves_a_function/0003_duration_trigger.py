"""refuse negative durations

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

FUNCTION = """
CREATE FUNCTION refuse_negative_duration() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.duration_ms < 0 THEN
        RAISE EXCEPTION 'duration_ms is negative';
    END IF;
    RETURN NEW;
END
$$
"""
TRIGGER = """
CREATE TRIGGER refuse_negative_duration BEFORE INSERT OR UPDATE ON execution_logs
    FOR EACH ROW EXECUTE FUNCTION refuse_negative_duration()
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute(FUNCTION)
    op.execute(TRIGGER)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("DROP TRIGGER refuse_negative_duration ON execution_logs")
