"""The status of the lab: its services, its database, its fixes. Reading it changes nothing."""

from __future__ import annotations

from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import psycopg2

from lab.database import connect
from lab.database_url import DatabaseUrl
from lab.errors import DatabaseUnreachable, LabError
from lab.handouts import mark_of
from lab.operations.fix_status import FixStatus, fix_status
from lab.profile import profile_of
from lab.runtime.base import Runtime
from lab.runtime.stack import ServiceStatus as ServiceStatus
from lab.workspace import Workspace

if TYPE_CHECKING:
    from psycopg2.extensions import cursor as Cursor

LIMIT_WAITING = "SET lock_timeout = '2s'; SET statement_timeout = '2s'"


@dataclass(frozen=True, slots=True)
class DatabaseStatus:
    """The state of the database: `where` (host:port/name), `size` in bytes, `rows` of `table`.

    A value that could not be read is None. `problem` says why nothing could be read, else it is None.
    """

    where: str
    running: bool
    revision: str | None = None
    rows: int | None = None
    size: int | None = None
    version: str | None = None
    problem: str | None = None
    table: str = ""


@dataclass(frozen=True, slots=True)
class Status:
    """The status of the whole lab.

    `fixes` is None in a handout, which has none, or if `fix_status` fails; `lab fix status` says why.
    """

    workspace: str
    runtime: str
    database: DatabaseStatus
    services: tuple[ServiceStatus, ...]
    fixes: FixStatus | None

    @property
    def crashed(self) -> tuple[ServiceStatus, ...]:
        return tuple(service for service in self.services if service.crashed)

    @property
    def unresponsive(self) -> tuple[ServiceStatus, ...]:
        """The services that run but do not answer /health."""
        return tuple(service for service in self.services if service.state == "unhealthy")


def status(workspace: Workspace, runtime: Runtime) -> Status:
    """Return the status of the lab; also of a lab that is down."""
    fixes = None
    if mark_of(workspace.library.root) is None:
        with suppress(LabError):
            fixes = fix_status(workspace)
    return Status(
        str(workspace.root),
        runtime.kind,
        _database(runtime, profile_of(workspace).table),
        runtime.status(),
        fixes,
    )


def _database(runtime: Runtime, table: str) -> DatabaseStatus:
    where = str(DatabaseUrl.parse(runtime.url))
    if not runtime.database_running():
        return DatabaseStatus(where, running=False)
    try:
        with closing(connect(runtime.url)) as connection, connection.cursor() as cursor:
            cursor.execute(LIMIT_WAITING)
            value = partial(_value, cursor)
            return DatabaseStatus(
                where,
                running=True,
                revision=value("SELECT string_agg(version_num, ', ') FROM alembic_version"),
                rows=value(f'SELECT count(*) FROM "{table}"'),
                size=value("SELECT pg_database_size(current_database())"),
                version=value("SHOW server_version"),
                table=table,
            )
    except (DatabaseUnreachable, psycopg2.Error) as error:
        return DatabaseStatus(where, running=True, problem=" ".join(str(error).split()))


def _value(cursor: Cursor, query: str) -> Any:
    """Return the only value of the query; None if its table is missing, or the query timed out."""
    try:
        cursor.execute(query)
        row = cursor.fetchone()
    except (psycopg2.errors.UndefinedTable, psycopg2.errors.QueryCanceled, psycopg2.errors.LockNotAvailable):
        return None
    return None if row is None else row[0]
