"""One real PostgreSQL a session, one database a test, copied from a template."""

import random
import signal
import socket
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab import compose
from lab.database import connect
from lab.runtime import databases
from lab.runtime.account import Account
from lab.runtime.binaries import find_binaries
from lab.runtime.postgres import EmbeddedPostgres
from lab.shell import run

PROJECT = Path(__file__).resolve().parent.parent
SETTINGS = {
    "shared_preload_libraries": "pg_stat_statements,auto_explain",
    "timezone": "UTC",
    "io_method": "sync",
    "fsync": "off",  # a test's server need not survive a power cut
}


@dataclass(frozen=True)
class Server:
    """The session's server; `url(name)` is the owner's URL of one of its databases."""

    account: Account

    def url(self, database: str) -> str:
        return self.account.url(database)

    def create(self, database: str, template: str | None = None) -> str:
        databases.create(self.account, database, template=template)
        return self.url(database)

    def drop(self, database: str) -> None:
        databases.drop(self.account, database)


@dataclass(frozen=True)
class Database:
    """A database of one test, at the buggy head, with a small seed."""

    server: Server
    name: str

    @property
    def url(self) -> str:
        return self.server.url(self.name)

    def url_for(self, service: str) -> str:
        """As the service connects: by the role that bears its name (`-` becomes `_`)."""
        role = service.replace("-", "_")
        return self.server.account.url(self.name, role, role)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def port_offset() -> int:
    """An offset at which every port of the lab is free, and below those that outgoing connections take."""
    spec = compose.read(PROJECT / "compose" / "docker-compose.yml", {})
    wanted = [port.host for service in spec.services.values() for port in service.ports]
    for offset in random.sample(range(1000, 26_000), 100):
        if all(_is_free(port + offset) for port in wanted):
            return offset
    raise AssertionError("no offset with free ports was found")


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        return listener.connect_ex(("127.0.0.1", port)) != 0


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("postgres")
    binaries = find_binaries()
    settings = {k: v for k, v in SETTINGS.items() if k != "io_method" or binaries.major >= 18}
    account = Account(port=free_port(), user="lab", password="lab")
    postgres = EmbeddedPostgres(binaries, home, home / "log", account, settings)
    postgres.start()
    try:
        yield Server(account)
    finally:
        postgres.stop()


@pytest.fixture(scope="session")
def template(server: Server) -> str:
    """The name of a database at the buggy head, seeded with 500 execution logs."""
    return seeded(server, "template_seeded", rows=500)


@pytest.fixture(scope="session")
def full_template(server: Server) -> str:
    """The same, with as many execution logs as the symptoms of bugs 5 and 6 need."""
    return seeded(server, "template_full", rows=300_000)


def seeded(server: Server, name: str, rows: int) -> str:
    """Make a template database at the buggy head with that many execution logs; answers its name."""
    from seed import fill

    url = server.create(name)
    connection = connect(url)
    with connection.cursor() as cursor:
        cursor.execute((PROJECT / "compose" / "initdb" / "roles.sql").read_text())
    connection.close()
    environment = {"LAB_DATABASE_URL": url}
    migrated = run(
        [sys.executable, "-m", "alembic", "upgrade", "head"],
        cwd=PROJECT,
        env=environment,
    )
    assert migrated.code == 0, migrated.stderr.decode()
    fill(url, rows=rows, seed=1, progress=lambda done, total: None)
    databases.seal(server.account, name)
    return name


@pytest.fixture
def database(server: Server, template: str) -> Iterator[Database]:
    name = f"test_{uuid.uuid4().hex[:12]}"
    server.create(name, template)
    try:
        yield Database(server, name)
    finally:
        server.drop(name)


def pytest_configure() -> None:
    """Have what a test starts heed ^C and the like, though whoever started the tests ignores them."""
    for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long comes last, so that what is wrong shows early."""
    items.sort(key=lambda item: ("answers" in item.path.parts, "fixes" in item.path.parts))
