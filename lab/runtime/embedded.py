"""The embedded runtime: the workspace's own server, or an existing one, and the services as processes."""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from lab.compose import ComposeFile
from lab.database import connect
from lab.database_url import URL_FORMAT, DatabaseUrl
from lab.errors import DatabaseUnreachable, UsageError
from lab.progress import Progress
from lab.runtime import database_service, log_files, process
from lab.runtime.account import MAINTENANCE, Account
from lab.runtime.binaries import find_binaries
from lab.runtime.postgres import EmbeddedPostgres
from lab.runtime.stack import DATABASE_SERVICE, ServiceStatus, Stack, instances_of
from lab.workspace import Workspace

LONGEST_NAME = 63 - len("_template")
"""Bytes. https://www.postgresql.org/docs/current/sql-syntax-lexical.html (identifiers)"""


class DatabaseServer(Protocol):
    """What a runtime asks of a database server."""

    @property
    def account(self) -> Account: ...

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def running(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class ExistingServer:
    """A server that somebody else runs, which LAB_DATABASE_URL names: never started, never stopped."""

    account: Account

    def start(self) -> None:
        """Raises DatabaseUnreachable: it does not answer."""
        try:
            connect(self.account.url(MAINTENANCE)).close()
        except DatabaseUnreachable as error:
            error.remedy = "Mend LAB_DATABASE_URL, or unset it for the lab's own server: lab up --embedded"
            raise

    def stop(self) -> None:
        """Leave it be."""

    def running(self) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class EmbeddedRuntime:
    """One workspace's server and services."""

    server: DatabaseServer
    database: str
    stack: Stack

    kind = "embedded"
    starts_with_empty_database = False

    @property
    def account(self) -> Account:
        return self.server.account

    @property
    def url(self) -> str:
        """The URL of the database that the services work in, as its owner."""
        return self.account.url(self.database)

    @property
    def services(self) -> tuple[str, ...]:
        return self.stack.names()

    @property
    def ports(self) -> Mapping[str, int]:
        return {DATABASE_SERVICE: self.account.port, **{one.name: one.port for one in self.stack.instances}}

    def require_ports(self) -> None:
        """Raises PortTaken: a port that we need and do not hold is somebody else's. Nothing was started."""
        if isinstance(self.server, EmbeddedPostgres) and self.server.port_in_use() != self.account.port:
            process.require_free_port(f"the database ({DATABASE_SERVICE})", self.account.port)
        held = process.held_ports(self.stack.records)
        for instance in self.stack.instances:
            if instance.port not in held:
                process.require_free_port(instance.name, instance.port)

    def prepare(self, progress: Progress) -> None:
        """Everything is there already."""

    def start_database(self) -> None:
        self.server.start()

    def database_running(self) -> bool:
        return self.server.running()

    def start_services(self, chosen: Iterable[str] = ()) -> None:
        """Start the services and wait until each answers, has ended, or is late."""
        for name in process.recorded(self.stack.records):
            if name not in self.services:  # it was taken out of the compose file
                process.stop(self.stack.records, name)
        self.stack.start(chosen)
        self.stack.wait(chosen)

    def stop_services(self, chosen: Iterable[str] = ()) -> tuple[str, ...]:
        return self.stack.stop(chosen)

    def status(self) -> tuple[ServiceStatus, ...]:
        return self.stack.status()

    def logs(self, names: Iterable[str], lines: int, follow: bool) -> Iterator[tuple[str, str]]:
        own = {DATABASE_SERVICE: self.stack.logs / "postgres.log"}
        files = {name: own.get(name) or self.stack.log(name) for name in names}
        return log_files.read(files, lines, follow)


def embedded_runtime(
    workspace: Workspace,
    compose: ComposeFile,
    port_offset: int = 0,
    environ: Mapping[str, str] = os.environ,
) -> EmbeddedRuntime:
    """The runtime of this workspace, found again or yet to be started.

    Raises:
        EnvironmentFault: no PostgreSQL can be found.
        InvalidFile: the compose file lacks something that is needed.
        UsageError: LAB_DATABASE_URL is not a URL with a database in it.
    """
    server, database = _server(workspace, compose, port_offset, environ)
    stack = Stack(
        folder=workspace.root,
        instances=instances_of(compose, port_offset),
        account=server.account,
        database=database,
        records=workspace.service_records,
        logs=workspace.logs,
    )
    return EmbeddedRuntime(server, database, stack)


def stop_all(workspace: Workspace) -> tuple[tuple[str, ...], bool]:
    """Stop every recorded service and the workspace's own server, whatever the compose file says by now.

    Answers which services ran, and whether the server did.

    Raises:
        EnvironmentFault: something of ours would not stop.
    """
    services = process.stop_all(workspace.service_records)
    if not workspace.data.exists():  # nor is there one if it was killed while it was being made
        return services, False
    unasked = Account(port=0, user="", password="")
    server = EmbeddedPostgres(find_binaries(), workspace.data.parent, workspace.logs, unasked, {})
    was_running = server.postmaster() is not None
    server.stop()
    return services, was_running


def _server(
    workspace: Workspace, compose: ComposeFile, port_offset: int, environ: Mapping[str, str]
) -> tuple[DatabaseServer, str]:
    if url := environ.get("LAB_DATABASE_URL", "").strip():
        named = _existing(url)
        return ExistingServer(Account.from_url(named, shared=True)), named.database
    account = database_service.account_of(compose, port_offset)
    binaries = find_binaries(environ)
    server = EmbeddedPostgres(
        binaries,
        workspace.data.parent,
        workspace.logs,
        account,
        database_service.server_settings(compose, binaries.major),
    )
    return server, database_service.database_of(compose)


def _existing(text: str) -> DatabaseUrl:
    try:
        url = DatabaseUrl.parse(text)
    except UsageError as error:
        raise UsageError(
            f"LAB_DATABASE_URL is not of the form {URL_FORMAT}.",
            "Write / and % in a password as %2F and %25, or unset it to use the lab's own server.",
        ) from error
    if len(url.database.encode()) > LONGEST_NAME:
        raise UsageError(
            f"The database's name in LAB_DATABASE_URL is longer than {LONGEST_NAME} bytes.",
            "Choose a shorter one: the lab derives the names of others from it.",
        )
    return url
