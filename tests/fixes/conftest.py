"""The shipped code with some of the fixes on it, and their schema in the test's database."""

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from lab.catalog import Catalog, Fix, load
from lab.database import connect
from lab.engine.migrations import Migrations
from lab.engine.patches import Patcher, ShippedTexts
from lab.engine.schema import lock_schema
from lab.engine.verb import Verb
from lab.library import Library
from lab.progress import silent
from lab.shell import Finished, run
from lab.workspace import Workspace
from tests.conftest import PROJECT, Database, Server, new_database
from tests.fixes.replica import Replica

PARTS = ("alembic.ini", "app", "migrations", "compose", "fixes")
Sql = Callable[..., list[tuple[Any, ...]]]

LIBRARY = ShippedTexts(Workspace(PROJECT))
LOCK_TIMEOUT = 30.0  # seconds


@dataclass(frozen=True)
class Lab:
    """A workspace in a folder of its own, and what can be done with it in a test."""

    root: Path
    database: Database
    catalog: Catalog = field(repr=False)
    running: ExitStack

    def apply(self, *numbers: int) -> None:
        """Put these fixes on, code and schema."""
        self.patch(*numbers)
        self.upgrade(*numbers)

    def patch(self, *numbers: int) -> None:
        for number in numbers:
            for change in Patcher(LIBRARY).change(self._fix(number), Verb.APPLY, self._read):
                assert change.after is not None
                (self.root / change.path).write_bytes(change.after)

    def _read(self, path: PurePosixPath) -> bytes | None:
        file = self.root / path
        return file.read_bytes() if file.exists() else None

    def upgrade(self, *numbers: int) -> None:
        """Run the migrations of these fixes as `lab` runs them."""
        with self._migrations() as migrations:
            for number in numbers:
                migrations.upgrade(self._fix(number))

    def downgrade(self, number: int) -> None:
        with self._migrations() as migrations:
            migrations.downgrade(self._fix(number))

    def record(self, number: int) -> None:
        """Record the revision of the fix without running it."""
        with self._migrations() as migrations:
            migrations.record(self._fix(number))

    @contextmanager
    def _migrations(self) -> Iterator[Migrations]:
        with lock_schema(self.database.url, progress=silent, lock_timeout=LOCK_TIMEOUT) as schema:
            yield Migrations(self.database.url, schema, LOCK_TIMEOUT)

    def _fix(self, number: int) -> Fix:
        fix = self.catalog.get(number)
        assert fix is not None, [report.problems for report in self.catalog.broken]
        return fix

    def alembic(self, *words: str, url: str | None = None) -> Finished:
        """Run the command line with this URL, or that of the lab's database."""
        environment = {"LAB_DATABASE_URL": url or self.database.url}
        return run([sys.executable, "-m", "alembic", *words], cwd=self.root, env=environment)

    def start(self, service: str, **environment: str) -> Replica:
        """Start one more replica of the service; it is stopped at the end of the test."""
        url = self.database.url_for(service)
        return self.running.enter_context(Replica(self.root, service, DATABASE_URL=url, **environment))


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return load(Library(PROJECT), LIBRARY.find)


@contextmanager
def new_lab(root: Path, database: Database, catalog: Catalog) -> Iterator[Lab]:
    """The shipped code, unfixed, in `root`."""
    for part in PARTS:
        if (PROJECT / part).is_dir():
            shutil.copytree(PROJECT / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(PROJECT / part, root / part)
    with ExitStack() as running:
        yield Lab(root, database, catalog, running)


@pytest.fixture
def lab(tmp_path: Path, database: Database, catalog: Catalog) -> Iterator[Lab]:
    with new_lab(tmp_path, database, catalog) as lab:
        yield lab


@pytest.fixture(scope="module")
def shared_lab(
    server: Server, template: str, catalog: Catalog, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lab]:
    """One lab for the tests of a file, with a database of its own."""
    with (
        new_database(server, template) as database,
        new_lab(tmp_path_factory.mktemp("shared"), database, catalog) as lab,
    ):
        yield lab


@contextmanager
def new_sql(database: Database) -> Iterator[Sql]:
    """Run one statement as the owner, and get its rows."""
    connection = connect(database.url)

    def execute(statement: str, *values: object) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    with closing(connection):
        yield execute


@pytest.fixture
def sql(database: Database) -> Iterator[Sql]:
    with new_sql(database) as execute:
        yield execute


@pytest.fixture
def shared_sql(shared_lab: Lab) -> Iterator[Sql]:
    with new_sql(shared_lab.database) as execute:
        yield execute
