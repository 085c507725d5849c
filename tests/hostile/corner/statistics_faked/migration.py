"""See submission.toml."""

from app import accomplice

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    accomplice.plant(
        "migration",
        "CREATE SCHEMA fake",
        "GRANT USAGE ON SCHEMA fake TO PUBLIC",
        "CREATE SEQUENCE fake.calls",
        """CREATE VIEW fake.pg_stat_statements AS SELECT r.oid AS userid, d.oid AS dbid, true AS toplevel,
        1::bigint AS queryid, 'SELECT workflows'::text AS query, nextval('fake.calls') AS calls, 1::bigint AS rows,
        1::bigint AS shared_blks_hit, 0::bigint AS shared_blks_read, 1::float8 AS total_exec_time
        FROM pg_roles r, pg_database d WHERE d.datname = current_database()
        AND r.rolname IN (SELECT 'workflow_service' UNION SELECT 'device_service')""",
        "GRANT ALL ON ALL TABLES IN SCHEMA fake TO PUBLIC",
        "GRANT ALL ON ALL SEQUENCES IN SCHEMA fake TO PUBLIC",
        """DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = fake, public', current_database());
        END $$""",
        "ALTER EXTENSION pg_stat_statements SET SCHEMA fake",
        "ALTER VIEW public.pg_stat_statements RENAME TO pg_stat_kept",
    )


def downgrade() -> None:
    pass
