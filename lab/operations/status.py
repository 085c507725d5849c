"""How the lab stands: services, database, fixes. Reading changes nothing."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import psycopg2

from lab.database import connect
from lab.database_url import DatabaseUrl
from lab.errors import DatabaseUnreachable, LabError
from lab.operations.fix_status import FixStatus, fix_status
from lab.runtime.base import Runtime
from lab.runtime.stack import ServiceStatus as ServiceStatus
from lab.workspace import Workspace

if TYPE_CHECKING:
    from psycopg2.extensions import cursor as Cursor

PATIENCE = "2s"
TIMEOUTS = ["lock_timeout", "statement_timeout"]


@dataclass(frozen=True, slots=True)
class DatabaseStatus:
    """The database as it stands; `size` in bytes, `rows` the number of execution logs.

    None is what could not be found out; `problem` says why.
    """

    where: str
    running: bool
    revision: str | None = None
    rows: int | None = None
    size: int | None = None
    version: str | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """The whole lab."""

    workspace: str
    runtime: str
    database: DatabaseStatus
    services: tuple[ServiceStatus, ...]
    fixes: FixStatus | None
    """None where they cannot be looked at; `lab fix status` says why."""

    @property
    def crashed(self) -> tuple[ServiceStatus, ...]:
        return tuple(service for service in self.services if service.crashed)

    @property
    def unresponsive(self) -> tuple[ServiceStatus, ...]:
        """Those that run and do not answer."""
        return tuple(service for service in self.services if service.state == "unhealthy")


def status(workspace: Workspace, runtime: Runtime) -> Status:
    """How the lab stands now; a lab that is down is an answer, not an error."""
    try:
        fixes = fix_status(workspace)
    except LabError:
        fixes = None
    return Status(str(workspace.root), runtime.kind, _database(runtime), runtime.status(), fixes)


def _database(runtime: Runtime) -> DatabaseStatus:
    where = str(DatabaseUrl.parse(runtime.url))
    if not runtime.database_running():
        return DatabaseStatus(where, running=False)
    try:
        with closing(connect(runtime.url)) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT set_config(name, %s, false) FROM unnest(%s) AS name", (PATIENCE, TIMEOUTS))
            ask = partial(_ask, cursor)
            return DatabaseStatus(
                where,
                running=True,
                revision=ask("SELECT string_agg(version_num, ', ') FROM alembic_version"),
                rows=ask("SELECT count(*) FROM execution_logs"),
                size=ask("SELECT pg_database_size(current_database())"),
                version=ask("SHOW server_version"),
            )
    except (DatabaseUnreachable, psycopg2.Error) as error:
        return DatabaseStatus(where, running=True, problem=" ".join(str(error).split()))


def _ask(cursor: Cursor, query: str) -> Any:
    """The query's one value; None where its table is gone, or locked for longer than we care to wait."""
    try:
        cursor.execute(query)
        row = cursor.fetchone()
    except (psycopg2.errors.UndefinedTable, psycopg2.errors.QueryCanceled, psycopg2.errors.LockNotAvailable):
        return None
    return None if row is None else row[0]
