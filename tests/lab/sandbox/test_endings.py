"""How a walled process is ended: cleanly by SIGTERM to its group, or with all that it started by SIGKILL."""

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from lab.runtime import process
from lab.runtime.launch import OUT_OF_MEMORY, STOPPED, Launch, read_record
from lab.sandbox import Bounds, Level, Means, Wall, found, walled

MEANS = found()
ENVIRONMENT = {"PATH": "/usr/bin:/bin"}
DAEMONS = """
import os, sys, time
for number in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.closerange(0, 3)
            time.sleep(600)
        os._exit(0)
print("started", flush=True)
time.sleep(600)
"""
SERVICE = """
import os, signal, time
def stop(*_):
    os.write(1, b"stopped cleanly\\n")
    os._exit(7)
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, stop)
print("started", flush=True)
time.sleep(600)
"""
IN_TERMINAL = """
import json, os, pty, sys
argv, environment = json.loads(sys.argv[1])
child, terminal = pty.fork()
if child == 0:
    os.execve(argv[0], argv, environment)
try:
    while chunk := os.read(terminal, 1000):
        os.write(1, chunk)
except OSError:  # the child has ended
    os.waitpid(child, 0)
"""
PLAIN = "import time; print('started', flush=True); time.sleep(600)"


@contextmanager
def started(code: str, mark: str = "", means: Means = MEANS) -> Iterator["subprocess.Popen[str]"]:
    """Start `code` behind a wall as a guard does; the block begins once it has said so."""
    command = walled([sys.executable, "-c", code, mark], Wall(environment=ENVIRONMENT), Bounds(), means)
    with subprocess.Popen(
        command.argv,
        env=command.environment,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        process_group=0,
    ) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == "started\n"
            yield child
        finally:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)


def in_terminal(argv: tuple[str, ...], environment: dict[str, str]) -> bytes:
    """Run `argv` in a terminal of its own, and return its output."""
    words = json.dumps([argv, environment])
    return subprocess.run(
        [sys.executable, "-c", IN_TERMINAL, words], stdout=subprocess.PIPE, check=True
    ).stdout


def marked(mark: str) -> list[int]:
    return [one.pid for one in psutil.process_iter(["cmdline"]) if mark in (one.info["cmdline"] or [])]


def eventually(condition: Callable[[], bool]) -> bool:
    until = time.monotonic() + 10
    while not condition() and time.monotonic() < until:
        time.sleep(0.01)
    return condition()


def test_sigkill_of_the_started_process_alone_leaves_no_daemon() -> None:
    mark = uuid.uuid4().hex
    with started(DAEMONS, mark) as child:
        assert eventually(lambda: len(marked(mark)) >= 4)
        child.kill()
        child.wait()
        assert eventually(lambda: not marked(mark))


def test_the_end_of_the_command_leaves_no_daemon() -> None:
    mark = uuid.uuid4().hex
    with started(DAEMONS.removesuffix("time.sleep(600)\n"), mark) as child:
        assert child.wait(10) == 0
        assert eventually(lambda: not marked(mark))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_the_group_reaches_the_command_which_ends_cleanly(number: signal.Signals) -> None:
    with started(SERVICE) as child:
        os.killpg(child.pid, number)
        assert child.stdout is not None
        assert child.stdout.read() == "stopped cleanly\n"
        assert child.wait(10) == 7


def test_sigterm_ends_a_command_without_a_handler() -> None:
    with started(PLAIN) as child:
        os.killpg(child.pid, signal.SIGTERM)
        assert child.wait(10) == 128 + signal.SIGTERM


def test_a_guard_stops_a_walled_service_cleanly(tmp_path: Path) -> None:
    command = walled([sys.executable, "-c", SERVICE], Wall(environment=ENVIRONMENT), Bounds(), MEANS)
    launch = Launch(
        name="service",
        argv=command.argv,
        folder="/",
        environment=command.environment,
        log=str(tmp_path / "log"),
        memory_limit=512 * 2**20,
    )
    process.start(launch, tmp_path)
    assert eventually(lambda: "started" in (tmp_path / "log").read_text())
    process.stop(tmp_path, "service")
    assert "stopped cleanly" in (tmp_path / "log").read_text()
    record = read_record(tmp_path, "service")
    assert record is not None
    assert record.exit is not None
    assert record.exit.reason == STOPPED


def test_a_guard_kills_a_walled_service_that_takes_too_much_memory(tmp_path: Path) -> None:
    code = "import time\nkept = []\nwhile True: kept.append(bytearray(2**20)); time.sleep(0.002)"
    command = walled([sys.executable, "-c", code], Wall(environment=ENVIRONMENT), Bounds(), MEANS)
    launch = Launch(
        name="service",
        argv=command.argv,
        folder="/",
        environment=command.environment,
        log=str(tmp_path / "log"),
        memory_limit=128 * 2**20,
    )
    process.start(launch, tmp_path)
    assert eventually(lambda: (record := read_record(tmp_path, "service")) is not None and bool(record.exit))
    record = read_record(tmp_path, "service")
    assert record is not None
    assert record.exit is not None
    assert record.exit.reason == OUT_OF_MEMORY


def test_a_terminal_of_the_caller_is_given_up() -> None:
    """It can neither be read nor typed into: no process inside has it as its terminal."""
    code = "import os; os.open('/dev/tty', os.O_RDWR)"
    command = walled([sys.executable, "-c", code], Wall(environment=ENVIRONMENT), Bounds(), MEANS)
    assert in_terminal((sys.executable, "-c", code), {}) == b""
    assert b"No such device or address" in in_terminal(command.argv, command.environment)


@pytest.mark.parametrize("level", [Level.LANDLOCK, Level.NONE])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 7), (signal.SIGKILL, -signal.SIGKILL)])
def test_without_namespaces_a_signal_to_the_group_ends_the_command_and_its_child(
    level: Level, number: signal.Signals, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB_SANDBOX", level)
    mark = uuid.uuid4().hex
    with started(f"import os; os.fork()\n{SERVICE}", mark, found()) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "started\n"  # the other of the two
        os.killpg(child.pid, number)
        assert child.wait(10) == code
        assert eventually(lambda: not marked(mark))
