"""The command `lab` in a process of its own, as a person runs it, and one lab that is up for all tests."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab.operations.down import down
from lab.operations.up import up as start
from lab.shell import Finished, run
from lab.workspace import Workspace
from tests.lab.operations.conftest import copy_shipped

Command = Callable[..., Finished]


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """The shipped code in a folder with a space in its name."""
    found = Workspace(copy_shipped(tmp_path_factory.mktemp("cli") / "a work space").resolve())
    yield found
    down(found, destroy=True)


@pytest.fixture(scope="session")
def up(workspace: Workspace, port_offset: int) -> None:
    """The lab of `workspace` is up. A test leaves it as it was."""
    start(workspace, rows=1000, port_offset=port_offset + 50)  # other tests' labs use the lower ports


@pytest.fixture
def command(workspace: Workspace) -> Command:
    def call(*words: str | Path, folder: Path = workspace.root, **env: str) -> Finished:
        finished = run([sys.executable, "-m", "lab", *words], cwd=folder, env=env, timeout=120)
        assert b"Traceback" not in finished.stderr
        return finished

    return call
