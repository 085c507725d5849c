"""How the lab stands: services, database. Reading changes nothing."""

from contextlib import closing
from dataclasses import dataclass

import psycopg2

from lab.database import connect, without_password
from lab.errors import DatabaseUnreachable
from lab.runtime.base import Runtime
from lab.runtime.stack import ServiceStatus
from lab.workspace import Workspace


@dataclass(frozen=True, slots=True)
class DatabaseStatus:
    """The database as it stands; `size` in bytes, `rows` the number of execution logs."""

    where: str
    running: bool
    revision: str | None = None
    rows: int | None = None
    size: int | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """The whole lab."""

    workspace: str
    runtime: str
    database: DatabaseStatus
    services: tuple[ServiceStatus, ...]

    @property
    def up(self) -> bool:
        return self.database.running

    @property
    def crashed(self) -> tuple[ServiceStatus, ...]:
        return tuple(service for service in self.services if service.crashed)


def status(workspace: Workspace, runtime: Runtime) -> Status:
    """How the lab stands now; a lab that is down is an answer, not an error."""
    return Status(str(workspace.root), runtime.kind, _database(runtime), runtime.status())


def _database(runtime: Runtime) -> DatabaseStatus:
    where = without_password(runtime.url)
    if not runtime.database_running():
        return DatabaseStatus(where, running=False)
    try:
        connection = connect(runtime.url)
    except DatabaseUnreachable:
        return DatabaseStatus(where, running=False)
    with closing(connection), connection.cursor() as cursor:

        def ask(query: str) -> str | None:
            try:
                cursor.execute(query)
                row = cursor.fetchone()
            except psycopg2.errors.UndefinedTable:  # a candidate's own downgrade took it away
                return None
            return None if row is None else str(row[0])

        rows, size = (
            ask("SELECT count(*) FROM execution_logs"),
            ask("SELECT pg_database_size(current_database())"),
        )
        return DatabaseStatus(
            where,
            running=True,
            revision=ask("SELECT string_agg(version_num, ', ') FROM alembic_version"),
            rows=None if rows is None else int(rows),
            size=None if size is None else int(size),
            version=ask("SHOW server_version"),
        )
