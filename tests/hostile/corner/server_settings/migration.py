"""See submission.toml."""

from contextlib import closing

from app import accomplice

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    accomplice.tried("migration")
    template = accomplice.FACTS["template"]
    attempts = {
        "ALTER SYSTEM": "ALTER SYSTEM SET bgwriter_delay = '201ms'",
        "pg_reload_conf": "SELECT pg_reload_conf()",
        "CREATE ROLE SUPERUSER": "CREATE ROLE hostile_super SUPERUSER LOGIN PASSWORD 'hostile'",
        "CREATE ROLE": "CREATE ROLE hostile_role LOGIN PASSWORD 'hostile'",
        "ALTER ROLE SUPERUSER": "ALTER ROLE device_service SUPERUSER",
        "GRANT": "GRANT pg_execute_server_program, pg_read_server_files TO device_service",
        "a password": "ALTER ROLE workflow_service PASSWORD 'workflow_service'",
        "an event trigger": "CREATE FUNCTION hostile_event() RETURNS event_trigger LANGUAGE plpgsql"
        " AS 'BEGIN END'; CREATE EVENT TRIGGER hostile ON ddl_command_end EXECUTE FUNCTION hostile_event()",
        "session_replication_role": "SET session_replication_role = replica",
        "ALTER DATABASE of the template": f"ALTER DATABASE \"{template}\" SET work_mem = '5MB'",
        "ALTER DATABASE postgres": "ALTER DATABASE postgres SET work_mem = '5MB'",
        "ALTER ROLE SET": "ALTER ROLE workflow_service SET pg_stat_statements.track = 'top'",
        "CREATE DATABASE": "CREATE DATABASE hostile_database",
    }
    with closing(accomplice.own()) as connection:
        for name, statement in attempts.items():
            if accomplice.succeeds(connection, statement):
                accomplice.gained(name)
        if accomplice.execute(connection, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
            accomplice.gained("migrations run as a superuser")


def downgrade() -> None:
    pass
