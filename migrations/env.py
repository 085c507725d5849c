"""Runs the revisions in `versions/`, and compares the models of `app/` with the database."""

from logging.config import fileConfig

from alembic import context

import app.device_service.models
import app.workflow_service.models  # noqa: F401 - imported for the tables that it declares
from app.common.database import Base
from migrations import database

config = context.config
if config.cmd_opts is not None and config.config_file_name is not None:
    fileConfig(config.config_file_name, disable_existing_loggers=False)

OPTIONS = {
    "target_metadata": Base.metadata,
    "compare_type": True,
    "compare_server_default": True,
    "transaction_per_migration": True,
}


def run_offline() -> None:
    context.configure(
        url=database.database_url(), literal_binds=True, dialect_opts={"paramstyle": "named"}, **OPTIONS
    )
    with context.begin_transaction():
        context.run_migrations()


def run_online() -> None:
    with database.connection() as connection:
        context.configure(connection=connection, **OPTIONS)
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    run_offline()
else:
    run_online()
