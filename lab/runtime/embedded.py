"""The embedded runtime: the workspace's own server or an existing one, and the services as processes."""

import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

from lab.compose import ComposeFile
from lab.compose import read as read_compose
from lab.database import connection_problem
from lab.database_url import URL_FORMAT, DatabaseUrl
from lab.errors import DatabaseUnreachable, UsageError
from lab.progress import Progress
from lab.runtime import database_service, log_files, process
from lab.runtime.account import MAINTENANCE, SUPERUSER, Account
from lab.runtime.binaries import find_binaries
from lab.runtime.database_address import DATABASE_SERVICE, Login
from lab.runtime.postgres import EmbeddedPostgres, server_to_stop
from lab.runtime.prepared import Prepared, password_in
from lab.runtime.process import Readiness
from lab.runtime.stack import ServiceStatus, Stack, instances_of
from lab.sandbox import Means
from lab.service_code import code_hash
from lab.workspace import Workspace

LONGEST_NAME = 63 - len("_template")
"""The most bytes that a database's name may have. Its template's name has `_template` added.

https://www.postgresql.org/docs/current/sql-syntax-lexical.html (identifiers)
"""


@dataclass(frozen=True, slots=True)
class ExistingServer:
    """The server that LAB_DATABASE_URL names. The lab neither starts nor stops it."""

    account: Account

    def start(self) -> None:
        """Check that the server accepts connections. Raises DatabaseUnreachable: it does not."""
        if problem := connection_problem(self.account.url(MAINTENANCE)):
            remedy = "Correct LAB_DATABASE_URL, or use the lab's own server: lab up --embedded"
            raise DatabaseUnreachable(problem, remedy)

    def running(self) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class EmbeddedRuntime:
    """One workspace's server and services."""

    server: EmbeddedPostgres | ExistingServer
    database: str
    stack: Stack

    kind = "embedded"
    starts_with_empty_database = False

    @property
    def account(self) -> Account:
        return self.server.account

    @property
    def url(self) -> str:
        return self.account.owner_url(self.database)

    @property
    def services(self) -> tuple[str, ...]:
        return self.stack.names()

    @property
    def ports(self) -> Mapping[str, int]:
        return {DATABASE_SERVICE: self.account.port, **{one.name: one.port for one in self.stack.instances}}

    @property
    def needs_data(self) -> bool:
        return isinstance(self.server, EmbeddedPostgres) and not self.server.data.exists()

    def copy_data(self, prepared: Prepared) -> None:
        if isinstance(self.server, EmbeddedPostgres):
            prepared.copy_to(self.server.home, self.account.password)

    def require_ports(self) -> None:
        if isinstance(self.server, EmbeddedPostgres) and self.server.port_in_use() != self.account.port:
            process.require_free_port(f"the database ({DATABASE_SERVICE})", self.account.port)
        self.stack.stop_if_damaged()  # one may hold its port
        process.end_unrecorded(self.stack.records)
        held = process.held_ports(self.stack.records)
        for instance in self.stack.instances:
            if instance.port not in held:
                process.require_free_port(instance.name, instance.port)

    def prepare(self, progress: Progress) -> None:
        """Do nothing: processes need no images."""

    def start_database(self) -> None:
        self.server.start()

    def database_running(self) -> bool:
        return self.server.running()

    def start_services(self, chosen: Iterable[str] = ()) -> tuple[str, ...]:
        for name in process.recorded(self.stack.records):
            if name not in self.services:  # it is no longer in the compose file
                process.stop(self.stack.records, name)
        self.stack.start(chosen)
        ready = self.stack.wait(chosen)
        # A command that was killed may have asked a service to stop that was taken for running here.
        if ended := [name for name, found in ready.items() if found is Readiness.EXITED]:
            stopped = {one.name for one in self.stack.status() if one.state == "stopped"}
            if again := stopped.intersection(ended):
                self.stack.start(again)
                ready |= self.stack.wait(again)
        return tuple(name for name, found in ready.items() if found is Readiness.LATE)

    def stop_services(self, chosen: Iterable[str] = ()) -> tuple[str, ...]:
        return self.stack.stop(chosen)

    def outdated(self) -> tuple[str, ...]:
        return self.stack.outdated()

    def status(self) -> tuple[ServiceStatus, ...]:
        return self.stack.status()

    def logs(self, names: Iterable[str], lines: int, follow: bool) -> Iterator[tuple[str, str]]:
        stems = {name: "postgres" if name == DATABASE_SERVICE else name for name in names}
        return log_files.read({name: self.stack.log(stem) for name, stem in stems.items()}, lines, follow)


def embedded_runtime(
    workspace: Workspace,
    compose: ComposeFile,
    port_offset: int = 0,
    environ: Mapping[str, str] = os.environ,
    means: Means | None = None,
) -> EmbeddedRuntime:
    """Return the runtime of this workspace, whether it runs or not. With `means`, its services have walls.

    Raises:
        EnvironmentFault: no usable PostgreSQL was found.
        InvalidFile: the compose file lacks something that the runtime needs.
        UsageError: LAB_DATABASE_URL is malformed, its database's name is too long, or a port is above 65535.
    """
    server, database = _server(workspace, compose, port_offset, environ)
    instances, records = instances_of(compose, port_offset), workspace.service_records
    code_of = partial(code_hash, workspace)

    def logins() -> frozenset[Login]:
        return database_service.logins_of(read_compose(workspace.library.compose_file, {}))

    stack = Stack(
        workspace.root,
        instances,
        server.account,
        database,
        records,
        workspace.logs,
        code_of,
        logins=logins,
        means=means,
    )
    return EmbeddedRuntime(server, database, stack)


def stop_all(workspace: Workspace) -> tuple[tuple[str, ...], bool]:
    """Stop every service and the workspace's own server, even if the compose file has changed.

    Returns the services that ran, and whether the server ran.

    Raises:
        EnvironmentFault: a process still runs, or no usable PostgreSQL was found to stop the server.
    """
    services = process.stop_all(workspace.service_records)
    if not workspace.data.exists():  # the lab was killed before initdb had finished, or never started
        return services, False
    server = server_to_stop(workspace.data.parent, workspace.logs)
    was_running = server.postmaster() is not None
    server.stop()
    return services, was_running


def _server(
    workspace: Workspace, compose: ComposeFile, port_offset: int, environ: Mapping[str, str]
) -> tuple[EmbeddedPostgres | ExistingServer, str]:
    if url := environ.get("LAB_DATABASE_URL", "").strip():
        named = _existing_url(url)
        return ExistingServer(Account.from_url(named, shared=True)), named.database
    account = database_service.account_of(compose, port_offset)
    home = workspace.data.parent
    if (password := password_in(home)) or not workspace.data.exists():
        password = password or secrets.token_urlsafe()
        account = replace(account, user=SUPERUSER, password=password, owner=account.user)
    binaries = find_binaries(environ)
    settings = database_service.server_settings(compose, binaries.major)
    server = EmbeddedPostgres(binaries, home, workspace.logs, account, settings)
    return server, database_service.database_of(compose)


def _existing_url(text: str) -> DatabaseUrl:
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
            "Choose a shorter one: the lab derives other names from it.",
        )
    return url
