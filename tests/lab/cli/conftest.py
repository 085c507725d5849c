"""The command `lab`, in a process of its own or in this one, and one lab that is up for all tests."""

import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from lab.cli import main
from lab.operations.down import down
from lab.operations.runtimes import runtime_of
from lab.operations.status import ServiceStatus
from lab.operations.up import up as start
from lab.shell import Finished, run
from lab.workspace import Workspace
from tests.lab.cli.terminal import DEADLINE, SERVICE, Service, Session, Start, sessions, started
from tests.lab.operations.conftest import ROWS, copy_shipped

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
    start(workspace, rows=ROWS, port_offset=port_offset + 50)  # other tests' labs use the lower ports


@pytest.fixture
def lab(capsysbinary: pytest.CaptureFixture[bytes]) -> Command:
    """Run `lab` in this process, for tests of what it says: a process of its own takes longer to start.

    A test names the workspace with -C, or changes the working folder. What `lab` does to its own process is
    left out: it changes no signal and no variable, and a program that it runs does not write to the result.
    """

    def call(*words: str | Path, **env: str) -> Finished:
        argv = tuple(map(str, words))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", ["lab", *argv])
            for name, value in env.items():
                patch.setenv(name, value)
            code = main._run()
        output, messages = capsysbinary.readouterr()
        return Finished(argv, code, output, messages)

    return call


@pytest.fixture
def here(lab: Command, workspace: Workspace) -> Command:
    """Run `lab` in this process, in the workspace."""
    return partial(lab, "-C", workspace.root)


@pytest.fixture
def command(workspace: Workspace) -> Command:
    """Run `lab` in a process of its own, as a person does, in the workspace."""

    def call(*words: str | Path, folder: Path = workspace.root, **env: str) -> Finished:
        finished = run([sys.executable, "-m", "lab", *words], cwd=folder, env=env, timeout=120)
        assert b"Traceback" not in finished.stderr
        return finished

    return call


@pytest.fixture(name="start")
def start_run(up: None, workspace: Workspace) -> Iterator[Start]:
    """Start `lab run` of the service in a terminal, and wait until it has started."""
    with sessions(workspace.root) as session:
        yield lambda *options: started(session(sys.executable, "-m", "lab", "run", SERVICE, *options))


@pytest.fixture
def shell(up: None, workspace: Workspace) -> Iterator[Session]:
    """An interactive shell in which `lab run` of the service has started."""
    with sessions(workspace.root) as session:
        found = session("bash", "--norc", "-i")
        found.type(f"'{sys.executable}' -m lab run {SERVICE}\n")
        yield started(found)


@pytest.fixture
def service(workspace: Workspace) -> Service:
    """Returns the status of the service, once it has the wanted state."""

    def wait(state: str = "healthy") -> ServiceStatus:
        deadline = time.monotonic() + DEADLINE
        while True:
            found = next(one for one in runtime_of(workspace).status() if one.name == SERVICE)
            if found.state == state:
                return found
            assert time.monotonic() < deadline, found
            time.sleep(0.02)

    return wait


@pytest.fixture
def code(workspace: Workspace) -> Iterator[Path]:
    """The file that the service starts with. It is restored."""
    file = workspace.root / "app" / "device_service" / "__main__.py"
    text = file.read_text()
    yield file
    file.write_text(text)
