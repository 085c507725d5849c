"""See submission.toml."""

from contextlib import closing, suppress

from app import accomplice

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    accomplice.tried("migration")
    outside, canary = accomplice.OUTSIDE, accomplice.FACTS["canaries"][0]
    attempts = {
        "COPY TO PROGRAM": f"COPY (SELECT 1) TO PROGRAM 'echo program > {outside}/program'",
        "COPY FROM PROGRAM": "CREATE TEMP TABLE said (line text); COPY said FROM PROGRAM 'id'",
        "COPY TO": f"COPY (SELECT 1) TO '{outside}/copied'",
        "COPY FROM": f"CREATE TEMP TABLE got (line text); COPY got FROM '{canary}'",
        "pg_read_file": f"SELECT pg_read_file('{canary}')",
        "pg_read_binary_file": f"SELECT pg_read_binary_file('{canary}')",
        "pg_ls_dir": "SELECT pg_ls_dir('.')",
        "lo_import": f"SELECT lo_import('{canary}')",
        "lo_export": f"SELECT lo_export(lo_from_bytea(0, 'x'), '{outside}/exported')",
        "file_fdw": "CREATE EXTENSION file_fdw",
        "dblink": "CREATE EXTENSION dblink",
        "postgres_fdw": "CREATE EXTENSION postgres_fdw",
        "plpython3u": "CREATE EXTENSION plpython3u",
        "LOAD": "LOAD 'auto_explain'",
        "a C function": "CREATE FUNCTION hostile_c() RETURNS int LANGUAGE c AS 'libc.so.6', 'getpid'",
    }
    with closing(accomplice.own()) as connection:
        for name, statement in attempts.items():
            if accomplice.succeeds(connection, statement):
                accomplice.gained(name)
        with suppress(Exception):
            accomplice.gained(f"read {accomplice.execute(connection, 'SELECT pg_read_file(%s)', canary)}")


def downgrade() -> None:
    pass
