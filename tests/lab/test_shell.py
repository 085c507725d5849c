"""A command's output and exit code are returned; after its timeout it is killed with its children."""

import os
import signal
import subprocess
import sys
import threading
import uuid

import psutil
import pytest

from lab.errors import EnvironmentFault, TimedOut
from lab.shell import argv_of, run, signal_name
from tests.app.waiting import until


@pytest.fixture
def child() -> list[str]:
    """The command line of a process that sleeps longer than a test waits: no other process has it."""
    return ["sleep", f"600.{uuid.uuid4().int}"]


def with_child(child: list[str]) -> list[str]:
    """Return the command line of a shell that starts the child and waits for it."""
    return ["sh", "-c", f"{' '.join(child)} & wait"]


def lives(command: list[str]) -> bool:
    return any(one.info["cmdline"] == command for one in psutil.process_iter(["cmdline"]))


def test_the_output_and_the_exit_code_are_returned() -> None:
    finished = run(
        [sys.executable, "-c", "import sys; print('out'); sys.stderr.write('a\\nerr\\n'); sys.exit(3)"]
    )
    assert (finished.code, finished.stdout, finished.last_line) == (3, b"out\n", "err")


def test_env_is_added_to_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEPT", "1")
    finished = run(
        [sys.executable, "-c", "import os; print(os.environ['KEPT'] + os.environ['NEW'])"], env={"NEW": "2"}
    )
    assert finished.stdout == b"12\n"


def test_after_the_timeout_the_command_and_its_children_are_killed(child: list[str]) -> None:
    with pytest.raises(TimedOut, match=r"within 0\.5 s"):
        run(with_child(child), timeout=0.5)
    assert not lives(with_child(child))
    until(lambda: not lives(child), "the end of the child")


def test_an_interrupted_command_has_ended_before_the_interrupt_is_raised(child: list[str]) -> None:
    def press() -> None:
        until(lambda: lives(child), "the child")
        os.kill(os.getpid(), signal.SIGINT)

    pressing = threading.Thread(target=press)
    pressing.start()
    with pytest.raises(KeyboardInterrupt):
        run(with_child(child))
    assert not lives(with_child(child))
    until(lambda: not lives(child), "the end of the child")
    pressing.join()


def test_a_missing_program_is_reported() -> None:
    with pytest.raises(EnvironmentFault, match="no-such-program"):
        run(["no-such-program"])


@pytest.mark.parametrize(
    ("words", "argv"),
    [
        (["python", "-m", "python"], [sys.executable, "-m", "python"]),
        (["waitress", "python"], ["waitress", "python"]),
        ([], []),
    ],
)
def test_a_command_called_python_gets_this_interpreter(words: list[str], argv: list[str]) -> None:
    assert argv_of(words) == argv


IN_TERMINAL = """
import sys
from lab.shell import run_in_terminal
raise SystemExit(run_in_terminal([sys.executable, "-c", sys.argv[1]], {"NEW": "2"}))
"""
WAITS = """
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
print("waiting", flush=True)
signal.pause()
"""


@pytest.mark.parametrize(("number", "name"), [(9, "SIGKILL"), (40, "signal 40")])
def test_a_real_time_signal_is_named_by_its_number(number: int, name: str) -> None:
    assert signal_name(number) == name


def test_a_command_in_the_terminal_has_its_streams_and_its_exit_code_is_returned() -> None:
    told = "import os, sys; print(os.environ['NEW'], sys.stdin.read()); os.kill(os.getpid(), 9)"
    finished = run([sys.executable, "-c", IN_TERMINAL, told], stdin=b"typed")
    assert (finished.code, finished.stdout) == (128 + 9, b"2 typed\n")


def test_an_interrupt_is_left_to_the_command_in_the_terminal_and_the_end_is_passed_on() -> None:
    argv = [sys.executable, "-c", IN_TERMINAL, WAITS]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, process_group=0) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"waiting\n"
        child.send_signal(signal.SIGINT)
        child.send_signal(signal.SIGTERM)
        assert child.wait(60) == 7


def test_a_command_in_the_terminal_goes_on_ignoring_what_its_caller_ignores() -> None:
    told = "import signal; print(signal.getsignal(signal.SIGHUP) is signal.SIG_IGN)"
    ignoring = f"import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN){IN_TERMINAL}"
    assert run([sys.executable, "-c", ignoring, told]).stdout == b"True\n"
