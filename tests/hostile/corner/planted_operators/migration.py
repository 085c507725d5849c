"""See submission.toml."""

from app import accomplice

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    accomplice.plant(
        "a planted operator",
        """CREATE FUNCTION hostile_same(varchar, varchar) RETURNS boolean LANGUAGE plpgsql AS
        'BEGIN PERFORM hostile_try(''varchar = varchar''); RETURN $1::text OPERATOR(pg_catalog.=) $2::text; END'""",
        "CREATE OPERATOR public.= (LEFTARG = varchar, RIGHTARG = varchar, FUNCTION = hostile_same)",
        """CREATE FUNCTION hostile_times(int, interval) RETURNS interval LANGUAGE plpgsql AS
        'BEGIN PERFORM hostile_try(''int * interval'');
        RETURN $1::float8 OPERATOR(pg_catalog.*) $2; END'""",
        "CREATE OPERATOR public.* (LEFTARG = int, RIGHTARG = interval, FUNCTION = hostile_times)",
        """CREATE FUNCTION hostile_joined(text, int) RETURNS text LANGUAGE plpgsql AS
        'BEGIN PERFORM hostile_try(''text || int''); RETURN concat($1, $2); END'""",
        "CREATE OPERATOR public.|| (LEFTARG = text, RIGHTARG = int, FUNCTION = hostile_joined)",
        """CREATE FUNCTION hostile_json(name) RETURNS text LANGUAGE plpgsql AS
        'BEGIN PERFORM hostile_try(''a cast''); RETURN $1::text; END'""",
        "CREATE CAST (name AS varchar) WITH FUNCTION hostile_json(name) AS IMPLICIT",
    )


def downgrade() -> None:
    pass
