"""A tiny lab of three fixes, copied for each test; the shipped lab, to be measured, or up for many tests."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab import shipped
from lab.database import connect
from lab.engine import candidate, journal
from lab.engine.fingerprint import schema_fingerprint
from lab.library import Library
from lab.operations import fixes, ownership
from lab.operations.down import down
from lab.operations.fix_status import fix_status
from lab.operations.ownership import Dataset, template_of
from lab.operations.renewal import current_origin
from lab.operations.up import up
from lab.runtime import databases
from lab.shell import Finished, run
from lab.workspace import Workspace
from tests.conftest import PROJECT, Server
from tests.measuring import copy_library

ROWS = """
INSERT INTO things (name, seen_at)
SELECT 'thing ' || n, timestamp '2025-01-01' + n * interval '1 h' FROM generate_series(1, 1000) n
"""
PROJECTS = Path(__file__).resolve().parents[1] / "projects"


@dataclass(frozen=True)
class Project:
    """A copy of a project and its database."""

    workspace: Workspace
    url: str

    @property
    def root(self) -> Path:
        return self.workspace.root

    @property
    def command(self) -> list[str]:
        """The command `lab`, for this workspace, which is its own library too."""
        return [sys.executable, "-m", "lab", "-C", str(self.root), "--library", str(self.root)]

    def code(self) -> dict[str, bytes]:
        """Every file that is not lab's own."""
        return {
            str(path.relative_to(self.root)): path.read_bytes()
            for path in sorted(self.root.rglob("*"))
            if path.is_file() and ".lab" not in path.parts and "__pycache__" not in path.parts
        }

    def all(self) -> tuple[dict[str, bytes], str]:
        """Code and schema: what a change that came to nothing leaves as it was."""
        return self.code(), schema_fingerprint(self.url)

    def sql(self, statement: str) -> list[tuple[object, ...]]:
        with closing(connect(self.url)) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def edit(self, path: str, old: str, new: str) -> None:
        text = (self.root / path).read_text()
        assert old in text
        (self.root / path).write_text(text.replace(old, new))

    def states(self) -> dict[int, str]:
        assert journal.read(self.workspace) is None
        return {row.number: str(row.state) for row in fix_status(self.workspace).fixes}

    def applied(self) -> set[int]:
        """The fixes that are there as a whole; no other may be there in part."""
        states = self.states()
        assert set(states.values()) <= {"present", "absent"}, states
        return {number for number, state in states.items() if state == "present"}

    def apply(self, *tokens: str, **options: object) -> fixes.Changed:
        options = {"restart": "restarter" in options, **options}  # nothing runs here
        return fixes.apply(self.workspace, tokens, **options)  # type: ignore[arg-type]

    def revert(self, *tokens: str, **options: object) -> fixes.Changed:
        options = {"restart": "restarter" in options, **options}
        return fixes.revert(self.workspace, tokens, **options)  # type: ignore[arg-type]

    def recover(self, *tokens: str) -> fixes.Recovered:
        return fixes.recover(self.workspace, tokens, restart=False)


@pytest.fixture(scope="session")
def tiny_template(server: Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a database at the tiny project's own head, with a few rows."""
    name = "template_tiny"
    url = server.create(name)
    root = tmp_path_factory.mktemp("template") / "tiny"
    shutil.copytree(PROJECTS / "tiny", root)
    with closing(connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute((PROJECT / "compose" / "initdb" / "roles.sql").read_text())
        candidate.upgrade(Workspace(root, Library(root)), url)
        cursor.execute(ROWS)
    return name


@pytest.fixture
def project(tmp_path: Path, server: Server, tiny_template: str) -> Iterator[Project]:
    root = tmp_path / "a lab"
    shutil.copytree(PROJECTS / "tiny", root, ignore=shutil.ignore_patterns("__pycache__"))
    name = f"tiny_{tmp_path.name}"
    url = server.create(name, tiny_template)
    workspace = Workspace(root, Library(root))
    workspace.state.mkdir()
    workspace.database_url_file.write_text(url)
    shipped.keep(workspace)
    yield Project(workspace, url)
    server.drop(name)


@pytest.fixture
def measurable(server: Server, template: str, tmp_path: Path) -> Iterator[Workspace]:
    """A workspace that is its own library, with its database and template as `lab up` leaves them.

    No service runs, since a measurement needs none. The dataset that is recorded is that of `full_server`, so
    both are measured on the same prepared server.
    """
    name = "measurable"
    server.create(template_of(name), template)
    databases.make_template(server.account, template_of(name))
    server.create(name, template_of(name))
    root = copy_library(tmp_path / "workspace")
    found = Workspace(root, Library(root))
    found.state.mkdir()
    found.database_url_file.write_text(server.url(name))
    shipped.keep(found)
    ownership.ensure_workspace_id(found)
    origin = current_origin(found)
    ownership.record_ownership(found, server.account, template_of(name), Dataset(300_000), origin)
    yield found
    server.drop(name)
    server.drop(template_of(name))


@dataclass(frozen=True)
class MeasuredLab:
    """A workspace that can be measured, and is its own library."""

    workspace: Workspace

    def lab(self, *words: str, timeout: float = 240) -> Finished:
        """Run the command in a process of its own, as a person does."""
        environment = {"LAB_LIBRARY": str(self.workspace.library.root)}
        finished = run(
            [sys.executable, "-m", "lab", *words], cwd=self.workspace.root, env=environment, timeout=timeout
        )
        assert b"Traceback" not in finished.stderr
        return finished

    def done(self, *words: str, timeout: float = 240) -> str:
        """Run a command that succeeds; returns what it printed."""
        finished = self.lab(*words, timeout=timeout)
        assert finished.code == 0, finished.stderr.decode()
        return finished.stdout.decode()


@pytest.fixture(scope="session")
def measured(tmp_path_factory: pytest.TempPathFactory, port_offset: int) -> Iterator[MeasuredLab]:
    """The shipped lab, up, with enough rows for every symptom, for slow tests. Each leaves it as it was."""
    root = copy_library(tmp_path_factory.mktemp("measured") / "lab").resolve()
    workspace = Workspace(root, Library(root))
    up(workspace, rows=300_000, port_offset=port_offset + 300)
    try:
        yield MeasuredLab(workspace)
    finally:
        down(workspace, destroy=True)
