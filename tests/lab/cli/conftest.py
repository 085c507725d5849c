"""The real command in a process of its own, as a person starts it."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab.operations.down import down
from lab.operations.up import up as bring_up
from lab.shell import Finished, run
from lab.workspace import Workspace
from tests.lab.operations.conftest import workspace

__all__ = ["workspace"]

Command = Callable[..., Finished]


@pytest.fixture
def command(workspace: Workspace) -> Command:
    def call(*words: str | Path, folder: Path = workspace.root, **env: str) -> Finished:
        finished = run([sys.executable, "-m", "lab", *words], cwd=folder, env=env, timeout=120)
        assert b"Traceback" not in finished.stderr
        return finished

    return call


@pytest.fixture(scope="module")
def up(workspace: Workspace, port_offset: int) -> Iterator[None]:
    """The lab is up for the tests of one module."""
    bring_up(workspace, rows=1000, port_offset=port_offset)
    yield
    down(workspace)
