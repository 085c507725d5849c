"""Run an Alembic command in the lab's database. Both env.py files use this."""

import os
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import context
from alembic.util import CommandError

URL_FILE = Path(__file__).resolve().parent.parent / ".lab" / "database-url"


def database_url() -> sa.URL:
    """Return LAB_DATABASE_URL, else the URL in `.lab/database-url`. Raises CommandError: there is none."""
    text = os.environ.get("LAB_DATABASE_URL", "").strip()
    if not text and URL_FILE.is_file():
        text = URL_FILE.read_text(encoding="utf-8").strip()
    if not text:
        raise CommandError("There is no database to migrate: run `lab up` or set LAB_DATABASE_URL.")
    return sa.make_url(text).set(drivername="postgresql+psycopg2")


def run(**options: Any) -> None:
    """Run the current command with these options of `context.configure`, or write its SQL (`--sql`)."""
    schema = options.get("version_table_schema")
    if context.is_offline_mode():
        context.configure(url=database_url(), literal_binds=True, **options)
        if schema:
            context.execute(sa.schema.CreateSchema(schema, if_not_exists=True))
        _migrate()
        return
    # No pool: a connection that stays open would keep the database from being copied or dropped.
    with sa.create_engine(database_url(), poolclass=sa.NullPool).connect() as connection:
        if schema and not sa.inspect(connection).has_schema(schema):
            connection.execute(sa.schema.CreateSchema(schema, if_not_exists=True))
        connection.commit()
        context.configure(connection=connection, transaction_per_migration=True, **options)
        _migrate()


def _migrate() -> None:
    with context.begin_transaction():
        context.run_migrations()
