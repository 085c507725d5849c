"""One real PostgreSQL for each process that runs tests, one database a test, copied from a template."""

import fcntl
import os
import shutil
import signal
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from lab import compose
from lab.database import connect
from lab.library import Library
from lab.operations.ownership import Dataset
from lab.operations.prepared import CACHE_VARIABLE, prepared_server
from lab.progress import silent
from lab.runtime import databases
from lab.runtime.account import Account
from lab.runtime.binaries import find_binaries
from lab.runtime.postgres import EmbeddedPostgres
from lab.runtime.prepared import Prepared
from lab.shell import run
from lab.workspace import Workspace
from tests.ports import free_offset, free_port

PROJECT = Path(__file__).resolve().parent.parent
SETTINGS = {
    "shared_preload_libraries": "pg_stat_statements,auto_explain",
    "timezone": "UTC",
    "io_method": "sync",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "fsync": "off",  # a test's server need not survive a power cut
}

TEMPLATE = "template_seeded"
TOGETHER = {
    "tests/fixes/test_booking_race.py": "bookings",
    "tests/fixes/test_device_queue.py": "device queue",
    "tests/fixes/test_every_subset.py": "subsets",
    "tests/fixes/test_kill.py": "kills",
    "tests/fixes/test_log_pages.py": "pages of the log",
    "tests/fixes/test_memory.py": "memory",
    "tests/fixes/test_workflow_queries.py": "queries of workflows",
    "tests/hostile/test_hostile.py": "hostile submissions",
    "tests/lab/batch/test_bundle.py": "bundle",
    "tests/lab/batch/test_dask_cluster.py": "cluster",
    "tests/lab/cli/test_check.py": "measured lab",
    "tests/lab/cli/test_demo.py": "measured lab",
    "tests/lab/cli/test_verify.py": "measured lab",
    "tests/lab/cli/test_closed_output.py": "command line",
    "tests/lab/cli/test_faults.py": "command line",
    "tests/lab/cli/test_handout.py": "candidate's handout",
    "tests/lab/cli/test_inspect.py": "command line",
    "tests/lab/cli/test_lifecycle.py": "command line",
    "tests/lab/cli/test_main.py": "command line",
    "tests/lab/cli/test_migration.py": "command line",
    "tests/lab/cli/test_run.py": "command line",
    "tests/lab/cli/test_run_beside_others.py": "command line",
    "tests/lab/engine/test_kill.py": "killed changes",
    "tests/lab/operations/test_down.py": "lab that is up",
    "tests/lab/operations/test_grade_here.py": "graded here",
    "tests/lab/operations/test_mark_page.py": "page of marks",
    "tests/lab/operations/test_renewal.py": "renewal",
    "tests/lab/operations/test_powers.py": "lab that is up",
    "tests/lab/operations/test_reset.py": "lab that is up",
    "tests/lab/operations/test_restart.py": "lab that is up",
    "tests/lab/operations/test_restore_code.py": "lab that is up",
    "tests/lab/operations/test_status.py": "lab that is up",
    "tests/lab/operations/test_up.py": "up",
    "tests/lab/runtime/test_access.py": "access",
    "tests/lab/runtime/test_postgres.py": "a server's settings",
    "tests/lab/sandbox/test_box.py": "boxes",
    "tests/lab/sandbox/test_hostile.py": "hostile programs",
    "tests/mutants/test_applying.py": "mutants",
    "tests/seed/test_database.py": "seed",
    "tests/test_wheel.py": "wheel",
}
"""Files whose tests share what takes seconds to make, most often a lab: one process runs all of them."""

LONGER = {"answers", "fixes", "hostile", "operations", "shadow"}
"""The folders of the tests that bring up labs, or measure them."""

OFFSETS_ASKED = 400
"""How far above `port_offset` a test may move the lab's ports."""


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


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache of this run's own, which all of its processes share."""
    before, folder = os.environ.get(CACHE_VARIABLE), _shared_by_workers(tmp_path_factory) / "cache"
    os.environ[CACHE_VARIABLE] = str(folder)
    yield folder
    if before is None:
        del os.environ[CACHE_VARIABLE]
    else:
        os.environ[CACHE_VARIABLE] = before


@pytest.fixture(scope="session")
def full_server(cache: Path) -> Prepared:
    """The stopped server that shadows are copies of, with the rows that bugs 5 and 6 need."""
    return prepared_server(Workspace(cache / "anywhere", Library(PROJECT)), Dataset(300_000), silent)


@pytest.fixture(scope="session")
def small_server(cache: Path) -> Prepared:
    """The same with 500 execution logs, for tests that do not measure."""
    return prepared_server(Workspace(cache / "anywhere", Library(PROJECT)), Dataset(500), silent)


@dataclass(frozen=True)
class Database:
    """A database of one test, at the buggy head, with a small seed."""

    server: Server
    name: str

    @property
    def url(self) -> str:
        return self.server.url(self.name)

    def url_for(self, service: str) -> str:
        """As the service connects: by the role with its name (`-` becomes `_`)."""
        role = service.replace("-", "_")
        return self.server.account.url(self.name, role, role)


@pytest.fixture(scope="session")
def port_offset() -> int:
    """An offset at which the lab's ports are free; so are those up to `OFFSETS_ASKED` after it."""
    spec = compose.read(PROJECT / "compose" / "docker-compose.yml", {})
    return free_offset((port.host for one in spec.services.values() for port in one.ports), OFFSETS_ASKED)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of this process's own, on a copy of a data directory that is made once a run."""
    home = tmp_path_factory.mktemp("postgres")
    shutil.copytree(_prepared(_shared_by_workers(tmp_path_factory)) / "data", home / "data")
    try:
        with _running(home) as server:
            yield server
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def template() -> str:
    """The name of a database at the buggy head, seeded with 500 execution logs."""
    return TEMPLATE


def _shared_by_workers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This run's own folder; with pytest-xdist, the one above the workers' folders."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def _prepared(folder: Path) -> Path:
    """Returns the home of a stopped server with the templates; the first process that asks makes it."""
    home = folder / "prepared"
    with (folder / "prepared.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / "ready").exists():
            with _running(home) as server:
                seeded(server, TEMPLATE, rows=500)
            (home / "ready").touch()
    return home


@contextmanager
def _running(home: Path) -> Iterator[Server]:
    binaries = find_binaries()
    server_settings = {k: v for k, v in SETTINGS.items() if k != "io_method" or binaries.major >= 18}
    account = Account(port=free_port(), user="lab", password="lab")
    postgres = EmbeddedPostgres(binaries, home, home / "log", account, server_settings)
    postgres.start()
    try:
        yield Server(account)
    finally:
        postgres.stop()


def seeded(server: Server, name: str, rows: int) -> str:
    """Make a template database at the buggy head with that many execution logs; returns its name."""
    from seed import fill

    url = server.create(name)
    connection = connect(url)
    with connection.cursor() as cursor:
        cursor.execute((PROJECT / "compose" / "initdb" / "roles.sql").read_text())
    connection.close()
    migrated = run(
        [sys.executable, "-m", "alembic", "upgrade", "head"], cwd=PROJECT, env={"LAB_DATABASE_URL": url}
    )
    assert migrated.code == 0, migrated.stderr.decode()
    fill(url, rows=rows, seed=1, progress=lambda done, total: None)
    databases.make_template(server.account, name)
    return name


@contextmanager
def new_database(server: Server, template: str) -> Iterator[Database]:
    """A copy of the template for the block, under a name of its own."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    server.create(name, template)
    try:
        yield Database(server, name)
    finally:
        server.drop(name)


@pytest.fixture
def database(server: Server, template: str) -> Iterator[Database]:
    with new_database(server, template) as made:
        yield made


def pytest_configure() -> None:
    """Prepare what every process that a test starts inherits, and what every property is held to."""
    settings.register_profile("lab", deadline=None)  # no test claims how long one example takes
    settings.load_profile("lab")
    # Python takes a file for unchanged that was edited to the same size within a second of being compiled.
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    # The process that started the tests may ignore ^C and the like; its children would, too.
    for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, handler)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The quick ones first, so that what is wrong shows early; then those that one process runs in order.

    A test that needs the server is the very first: while it makes the templates, the others need no server.
    """
    items.sort(key=_rank)
    first = next((item for item in items if _needs_server(item)), None)
    if first is not None:
        items.remove(first)
        items.insert(0, first)


def _rank(item: pytest.Item) -> int:
    path = item.path.relative_to(PROJECT)
    if path.as_posix() in TOGETHER:
        return 2
    if LONGER & set(path.parts):
        return 3
    return 1 if _needs_server(item) else 0


def _needs_server(item: pytest.Item) -> bool:
    return "server" in item.fixturenames  # type: ignore[attr-defined]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """How pytest-xdist hands out the tests: in their order, one by one, but those of TOGETHER as one."""
    config.option.loadscopereorder = False
    assert all((PROJECT / path).exists() for path in TOGETHER), "a test file of TOGETHER was moved"
    return _Together(config, log)


class _Together(LoadScopeScheduling):
    def _split_scope(self, nodeid: str) -> str:
        return TOGETHER.get(nodeid.partition("::")[0], nodeid)
