"""The shipped code with some of the fixes on it, and their schema in the test's database."""

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from lab.catalog import Catalog, load
from lab.database import connect
from lab.engine.patches import Patcher, ShippedTexts
from lab.engine.verb import Verb
from lab.library import Library
from lab.shell import Finished, run
from lab.workspace import Workspace
from tests.conftest import PROJECT, Database
from tests.fixes.replica import Replica

PARTS = ("alembic.ini", "app", "migrations", "compose", "fixes")
Sql = Callable[..., list[tuple[Any, ...]]]

LIBRARY = ShippedTexts(Workspace(PROJECT))


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
        for number in numbers:
            self.migrate("upgrade", f"fix{number}@head")

    def patch(self, *numbers: int) -> None:
        for number in numbers:
            fix = self.catalog.get(number)
            assert fix is not None, [report.problems for report in self.catalog.broken]
            for change in Patcher(LIBRARY).change(fix, Verb.APPLY, self._read):
                assert change.after is not None
                (self.root / change.path).write_bytes(change.after)

    def _read(self, path: PurePosixPath) -> bytes | None:
        file = self.root / path
        return file.read_bytes() if file.exists() else None

    def migrate(self, *words: str) -> None:
        finished = self.alembic("-n", "fixes", *words)
        assert finished.code == 0, finished.stderr.decode()

    def alembic(self, *words: str) -> Finished:
        environment = {"LAB_DATABASE_URL": self.database.url}
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
