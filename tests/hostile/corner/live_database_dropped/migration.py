"""See submission.toml."""

from contextlib import closing, suppress

from app import accomplice

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    accomplice.tried("migration")
    live, template = accomplice.FACTS["live_database"], accomplice.FACTS["template"]
    for name, connection in accomplice.logins():
        with suppress(Exception):
            if accomplice.is_live(connection):
                accomplice.execute(connection, "TRUNCATE workflow_steps")
                accomplice.gained(f"emptied a table of the live database as {name}")
    with closing(accomplice.own()) as connection:
        mine = accomplice.execute(connection, "SELECT current_database()")
        for database in {live, template} - {mine}:
            accomplice.succeeds(connection, f'ALTER DATABASE "{database}" IS_TEMPLATE false')
            if accomplice.succeeds(connection, f'DROP DATABASE "{database}" WITH (FORCE)'):
                accomplice.gained(f"dropped {database}")


def downgrade() -> None:
    pass
