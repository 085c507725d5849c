"""Run an Alembic command in the database or as SQL (`--sql`). Both env.py files use this."""

from collections.abc import Mapping
from logging.config import fileConfig
from typing import Any

import sqlalchemy as sa
from alembic import context

from migrations import database


def run(options: Mapping[str, Any]) -> None:
    """Run the current Alembic command with these options of `context.configure`.

    If the options name a schema for the version table, create it if it does not exist.
    """
    config = context.config
    if config.cmd_opts is not None and config.config_file_name is not None:
        fileConfig(config.config_file_name, disable_existing_loggers=False)
    common = {"transaction_per_migration": True, **options}
    if context.is_offline_mode():
        _run_offline(common)
    else:
        _run_online(common)


def _run_offline(options: Mapping[str, Any]) -> None:
    context.configure(
        url=database.database_url(), literal_binds=True, dialect_opts={"paramstyle": "named"}, **options
    )
    if schema := options.get("version_table_schema"):
        context.execute(sa.schema.CreateSchema(schema, if_not_exists=True))
    with context.begin_transaction():
        context.run_migrations()


def _run_online(options: Mapping[str, Any]) -> None:
    with database.connection() as connection:
        schema = options.get("version_table_schema")
        if schema and not sa.inspect(connection).has_schema(schema):
            connection.execute(sa.schema.CreateSchema(schema, if_not_exists=True))
        connection.commit()
        context.configure(connection=connection, **options)
        with context.begin_transaction():
            context.run_migrations()
