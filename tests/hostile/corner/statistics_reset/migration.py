"""See submission.toml."""

from contextlib import closing

from app import accomplice

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    accomplice.plant(
        "migration",
        "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO PUBLIC",
        """CREATE FUNCTION hostile_reset() RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
        PERFORM pg_stat_statements_reset(); PERFORM pg_stat_reset(); END $$""",
    )
    with closing(accomplice.own()) as connection:
        for statement in ("SELECT pg_stat_statements_reset()", "SELECT pg_stat_reset()"):
            if accomplice.succeeds(connection, statement):
                accomplice.gained(statement)


def downgrade() -> None:
    pass
