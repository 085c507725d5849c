"""A command's output and exit code are returned; after its timeout it is killed with its children."""

import os
import signal
import sys
import threading

import psutil
import pytest

from lab.errors import EnvironmentFault, TimedOut
from lab.shell import argv_of, run

SLEEPER = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])"


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


def test_after_the_timeout_the_command_and_its_children_are_killed() -> None:
    before = set(psutil.Process().children(recursive=True))
    with pytest.raises(TimedOut, match=r"within 0\.5 s"):
        run([sys.executable, "-c", SLEEPER], timeout=0.5)
    assert set(psutil.Process().children(recursive=True)) <= before


def test_an_interrupted_command_has_ended_before_the_interrupt_is_raised() -> None:
    before = set(psutil.Process().children(recursive=True))
    press = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    press.start()
    with pytest.raises(KeyboardInterrupt):
        run([sys.executable, "-c", SLEEPER])
    press.join()
    assert set(psutil.Process().children(recursive=True)) <= before


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
