"""`lab run` in a terminal: a debugger works, and afterwards the lab's own instance runs again."""

import fcntl
import os
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from lab.lock import exclusive_lock
from lab.operations.runtimes import runtime_of
from lab.operations.status import ServiceStatus
from lab.progress import silent
from lab.workspace import Workspace
from tests.lab.cli.conftest import Command

SERVICE = "device-service"
DEADLINE = 30.0  # seconds
CTRL_C, CTRL_Z = "\x03", "\x1a"


class Session:
    """A command in a session and on a terminal of its own."""

    def __init__(self, argv: list[str], folder: Path) -> None:
        self.master, terminal = os.openpty()
        self.process = subprocess.Popen(
            argv,
            cwd=folder,
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0) and None,
        )
        os.close(terminal)
        os.set_blocking(self.master, False)
        self.text = ""

    def wait_for(self, wanted: str) -> None:
        """Wait until the terminal shows the text, after what the last wait found."""
        deadline = time.monotonic() + DEADLINE
        while wanted not in self.text:
            assert time.monotonic() < deadline, f"{wanted!r} is not in {self.text!r}"
            with suppress(BlockingIOError, OSError):  # OSError: the last program on the terminal has ended
                self.text += os.read(self.master, 65536).decode()
            time.sleep(0.01)
        self.text = self.text.partition(wanted)[2]

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def end(self) -> int:
        return self.process.wait(DEADLINE)


@pytest.fixture
def start(up: None, workspace: Workspace) -> Iterator[Callable[..., Session]]:
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


@contextmanager
def sessions(folder: Path) -> Iterator[Callable[..., Session]]:
    made: list[Session] = []

    def make(*argv: str) -> Session:
        made.append(Session(list(argv), folder))
        return made[-1]

    try:
        yield make
    finally:
        for one in made:
            if one.process.poll() is None:
                one.process.send_signal(signal.SIGHUP)  # an interactive shell ignores SIGTERM
                one.process.wait(DEADLINE)
            os.close(one.master)


def started(session: Session) -> Session:
    session.wait_for(f"{SERVICE} runs here, at http://127.0.0.1:")
    return session


@pytest.fixture
def service(workspace: Workspace) -> "Service":
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


Start = Callable[..., Session]
Service = Callable[..., ServiceStatus]


def test_while_a_service_is_in_the_foreground_its_own_instance_steps_aside(
    start: Start, service: Service, command: Command
) -> None:
    run = start()
    found = service()
    assert found.foreground == run.process.pid
    run.type(CTRL_C)
    run.wait_for(f"The lab's own {SERVICE} runs again.")
    assert run.end() == 0
    assert service().foreground is None


@pytest.mark.slow
def test_a_breakpoint_reads_from_the_terminal(start: Start, service: Service, code: Path) -> None:
    code.write_text(code.read_text().replace("    serve(", "    breakpoint()\n    serve("))
    run = start()
    run.wait_for("(Pdb) ")
    run.type("p 6 * 7\n")
    run.wait_for("42")
    run.wait_for("(Pdb) ")
    run.type(CTRL_C)
    run.wait_for("KeyboardInterrupt")
    run.wait_for("(Pdb) ")
    run.type("continue\n")
    assert service().foreground == run.process.pid
    code.write_text(code.read_text().replace("    breakpoint()\n", ""))
    run.type(CTRL_C)
    assert run.end() == 0
    assert service().foreground is None


@pytest.mark.slow
def test_a_saved_file_restarts_the_service_also_after_a_crash(
    start: Start, service: Service, code: Path
) -> None:
    run = start("--reload")
    first = service()
    text = code.read_text()
    code.write_text(text + "# edited\n")
    run.wait_for("A file was saved.")
    second = service()
    assert (second.foreground, second.outdated) == (run.process.pid, False)
    assert second.pid != first.pid
    code.write_text("raise SystemExit(3)\n")
    run.wait_for("has ended (exit 3, ended by itself). It starts again when a file is saved.")
    assert service("exited").foreground == run.process.pid
    code.write_text(text)
    assert service().foreground == run.process.pid
    code.write_text("raise SystemExit(3)\n")
    run.wait_for("It starts again when a file is saved.")
    run.type(CTRL_C)
    assert run.end() == 3
    code.write_text(text)


@pytest.mark.slow
def test_the_exit_code_is_that_of_the_service(start: Start, service: Service) -> None:
    run = start()
    os.kill(service().pid, signal.SIGKILL)
    run.wait_for("has ended (exit 137, killed by SIGKILL).")
    assert run.end() == 137
    assert service().foreground is None


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_the_service_and_starts_its_own_instance(
    start: Start, service: Service, number: signal.Signals
) -> None:
    run = start()
    service()
    run.process.send_signal(number)
    assert run.end() == 0
    assert service().foreground is None


@pytest.mark.slow
def test_a_closed_terminal_ends_the_service(start: Start, service: Service) -> None:
    run = start()
    service()
    os.close(run.master)
    try:
        run.end()
    finally:
        run.master = os.open(os.devnull, os.O_RDONLY)
    assert service().foreground is None


@pytest.mark.slow
@pytest.mark.parametrize("heal", ["up", "restart"])
def test_after_a_kill_of_lab_run_the_status_is_true_and_up_and_restart_heal_it(
    shell: Session, service: Service, command: Command, heal: str
) -> None:
    left = service()
    assert left.foreground
    os.kill(left.foreground, signal.SIGKILL)
    shell.wait_for("Killed")
    now = service()
    assert (now.pid, now.foreground) == (left.pid, None)
    assert "lab run was killed" in (now.reason or "")
    command(heal)
    healed = service()
    assert healed.pid != left.pid
    assert healed.reason is None


@pytest.mark.slow
def test_a_kill_of_lab_run_and_of_the_service_is_reported(
    start: Start, service: Service, command: Command
) -> None:
    run = start()
    service()
    run.process.kill()  # the leader of its session, so the kernel ends the service too
    run.end()
    assert service("exited").reason == "its lab run was killed, so how it ended is unknown"
    command("up")
    assert service().foreground is None


@pytest.mark.slow
def test_a_restart_and_a_fix_restart_the_service_in_its_terminal(
    start: Start, service: Service, command: Command
) -> None:
    run = start()
    pids = [service().pid]
    for words in (["restart", SERVICE], ["fix", "apply", "3"], ["fix", "revert", "3"]):
        assert command(*words).code == 0
        found = service()
        assert (found.foreground, found.outdated) == (run.process.pid, False)
        pids.append(found.pid)
    assert len(set(pids)) == len(pids)
    command("up")
    assert service().pid == pids[-1]
    run.type(CTRL_C)
    assert run.end() == 0


@pytest.mark.slow
def test_a_breakpoint_does_not_keep_a_fix_from_being_applied(
    start: Start, service: Service, command: Command, code: Path
) -> None:
    code.write_text(code.read_text().replace("    serve(", "    breakpoint()\n    serve("))
    run = start()
    run.wait_for("(Pdb) ")
    assert command("fix", "apply", "3").code == 0
    run.wait_for("(Pdb) ")
    run.type("continue\n")
    assert not service().outdated
    run.type(CTRL_C)
    assert run.end() == 0
    code.write_text(code.read_text().replace("    breakpoint()\n", ""))
    assert command("fix", "revert", "3").code == 0


@pytest.mark.slow
def test_an_instance_that_cannot_be_started_again_is_said_with_the_remedy(
    start: Start, service: Service, command: Command, workspace: Workspace
) -> None:
    run = start()
    service()
    with exclusive_lock(workspace.lock, progress=silent):
        run.type(CTRL_C)
        run.wait_for(f"The lab's own {SERVICE} stays stopped. Another lab is at work here")
        assert run.end() == 3
    command("up")
    assert service().foreground is None


@pytest.mark.slow
def test_a_second_lab_run_of_a_service_is_refused(start: Start, command: Command) -> None:
    run = start()
    refused = command("run", SERVICE)
    assert refused.code == 3
    assert f"process {run.process.pid}" in refused.stderr.decode()


@pytest.mark.slow
def test_a_shell_can_suspend_it_and_continue_it(shell: Session, service: Service) -> None:
    found = service()
    shell.type(CTRL_Z)
    shell.wait_for("Stopped")
    assert service("unhealthy").foreground == found.foreground
    shell.type("fg\n")
    assert service().pid == found.pid
    shell.type(CTRL_C)
    shell.wait_for("runs again.")
    assert service().foreground is None


@pytest.mark.slow
def test_a_suspended_lab_run_does_not_stop_a_restart(
    shell: Session, service: Service, command: Command
) -> None:
    found = service()
    shell.type(CTRL_Z)
    shell.wait_for("Stopped")
    assert command("restart", SERVICE).code == 0
    now = service()
    assert now.foreground == found.foreground
    assert now.pid != found.pid
    assert now.foreground
    os.kill(now.foreground, signal.SIGTERM)
    shell.wait_for("runs again.")
    assert service().foreground is None


@pytest.mark.slow
def test_lab_down_ends_it_and_a_lab_that_is_down_is_4(
    start: Start, service: Service, command: Command
) -> None:
    run = start()
    service()
    assert command("down").code == 0
    run.wait_for("The lab was stopped, and so was device-service.")
    assert run.end() == 0
    refused = command("run", SERVICE)
    assert (refused.code, b"The lab is not up" in refused.stderr) == (4, True)
    assert command("up").code == 0
    assert service().foreground is None


def test_an_unknown_service_is_2(up: None, command: Command) -> None:
    assert command("run", "ghost").code == 2
