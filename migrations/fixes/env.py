"""Runs the revisions of the library in `fixes/`. Imports no models: these run whatever state `app/` is in."""

from logging.config import fileConfig

import sqlalchemy as sa
from alembic import context

from migrations import database

SCHEMA = "lab"

config = context.config
if config.cmd_opts is not None and config.config_file_name is not None:
    fileConfig(config.config_file_name, disable_existing_loggers=False)

OPTIONS = {
    "version_table": "fix_version",
    # A schema of its own, which autogenerate in the other history never looks into.
    "version_table_schema": SCHEMA,
    "transaction_per_migration": True,
}


def run_offline() -> None:
    context.configure(
        url=database.database_url(), literal_binds=True, dialect_opts={"paramstyle": "named"}, **OPTIONS
    )
    context.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
    with context.begin_transaction():
        context.run_migrations()


def run_online() -> None:
    with database.connection() as connection:
        if not sa.inspect(connection).has_schema(SCHEMA):
            connection.execute(sa.schema.CreateSchema(SCHEMA, if_not_exists=True))
        connection.commit()
        context.configure(connection=connection, **OPTIONS)
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    run_offline()
else:
    run_online()
