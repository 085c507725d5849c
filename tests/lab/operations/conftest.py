"""A workspace of a test's own: the shipped code in a folder with a space, on ports of its own."""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from lab.database import connect
from lab.operations.down import down
from lab.operations.runtimes import runtime_of
from lab.operations.settings import load_settings
from lab.operations.status import Status, status
from lab.operations.up import up
from lab.progress import Progress, Update
from lab.workspace import Workspace
from tests.app.waiting import DEADLINE_SECONDS
from tests.lab.operations.submitted import make_submissions
from tests.measuring import copy_shipped as copy_shipped

ROWS = 500
"""As in `small_server`: the lab is then a copy of that."""


@pytest.fixture(scope="package")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    root = copy_shipped(tmp_path_factory.mktemp("lab") / "a work space")
    found = Workspace(root.resolve())
    yield found
    down(found, destroy=True)


@pytest.fixture
def lab(workspace: Workspace, port_offset: int) -> Path:
    """The workspace with the lab up, as shipped: workflow-service has crashed."""
    if not _is_up(workspace, port_offset):
        up(workspace, rows=ROWS, port_offset=port_offset)
    return workspace.root


def _is_up(workspace: Workspace, port_offset: int) -> bool:
    """Whether it is up already: another `up` would start the crashed service again, which takes time."""
    report = now(workspace)
    return (
        states(report) == {"device-service": "healthy", "workflow-service": "exited"}
        and report.database.rows == ROWS
        and load_settings(workspace).port_offset == port_offset
    )


def now(workspace: Workspace) -> Status:
    """The status; while a service takes too long to answer, it is asked for again."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        report = status(workspace, runtime_of(workspace))
        if "unhealthy" not in states(report).values() or time.monotonic() > deadline:
            return report


def states(report: Status) -> dict[str, str]:
    return {service.name: service.state for service in report.services}


def execute(workspace: Workspace, query: str) -> None:
    with closing(connect(runtime_of(workspace).url)) as connection, connection.cursor() as cursor:
        cursor.execute(query)


def living_in(folder: Path) -> list[psutil.Process]:
    """The processes whose working folder is at or below `folder`."""
    found = []
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()).is_relative_to(folder) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def raise_at(stage: str, error: BaseException) -> Progress:
    """A callback that raises the error at the stage whose text begins with `stage`."""

    def progress(update: Update) -> None:
        if update.text.startswith(stage):
            raise error

    return progress


@pytest.fixture(scope="module")
def submissions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a handout that was worked on, as a folder and as a zip, and with what is no work."""
    folder = tmp_path_factory.mktemp("in")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("LAB_HANDOUTS", str(tmp_path_factory.mktemp("records")))
        make_submissions(folder)
        yield folder


def code_of(workspace: Workspace) -> dict[str, bytes]:
    """Every file of the workspace but the lab's own state, by its path."""
    return {
        str(path.relative_to(workspace.root)): path.read_bytes()
        for path in sorted(workspace.root.rglob("*"))
        if path.is_file() and ".lab" not in path.parts and "__pycache__" not in path.parts
    }
