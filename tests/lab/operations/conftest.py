"""A workspace of a test's own: the shipped code in a folder with a space, on ports of its own."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.operations.down import down
from lab.operations.up import up
from lab.workspace import Workspace
from tests.conftest import PROJECT

SHIPPED = ("app", "compose", "migrations", "seed")
ROWS = 1000


def copy_shipped(root: Path) -> Path:
    """Copy the code as shipped to the new folder `root`."""
    root.mkdir()
    for folder in SHIPPED:
        shutil.copytree(PROJECT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "alembic.ini", root)
    return root


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    root = copy_shipped(tmp_path_factory.mktemp("lab") / "a work space")
    found = Workspace(root.resolve())
    yield found
    down(found, destroy=True)


@pytest.fixture
def lab(workspace: Workspace, port_offset: int) -> Path:
    """The workspace with the lab up."""
    up(workspace, rows=ROWS, port_offset=port_offset)
    return workspace.root
