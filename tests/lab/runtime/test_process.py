"""A service outlives its command, is killed over its memory limit, and is found and stopped by its record."""

import contextlib
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import psutil
import pytest

from lab.errors import EnvironmentFault, PortTaken
from lab.runtime import log_files, process
from lab.runtime.ending import wait_for_end
from lab.runtime.launch import GRACE, OUT_OF_MEMORY, STOPPED, Exit, Launch, ProcessId, process_id, read_record
from lab.runtime.process import Readiness
from tests.conftest import free_port

MIB = 2**20
SERVE = """
import http.server, os, subprocess, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/eat":
            self.server.eaten = bytearray(200 * 2**20)
        if self.path == "/spawn":
            eat = "x = bytearray(200 * 2**20); input()"
            self.server.child = subprocess.Popen([sys.executable, "-c", eat], stdin=subprocess.PIPE)
        self.send_response(200)
        self.end_headers()
print("serving", flush=True)
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("on", flush=True)
time.sleep(99)
"""

Launcher = Callable[..., Launch]


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Launcher]:
    def make(code: str = SERVE, limit: int | None = None, grace: float = GRACE) -> Launch:
        port = free_port()
        return Launch(
            name="service",
            argv=(sys.executable, "-c", code),
            folder=str(tmp_path),
            environment={"PORT": str(port), "PATH": os.environ["PATH"]},
            log=str(tmp_path / "logs" / "service.log"),
            port=port,
            memory_limit=limit,
            grace=grace,
        )

    yield make
    process.stop(tmp_path, "service")


def start(launch: Launch, folder: Path) -> Launch:
    process.start(launch, folder)
    assert process.wait_until_ready(folder, "service", process.answers_health, 10) is Readiness.READY
    return launch


def exit_of(folder: Path) -> Exit:
    """Wait for the guard, which records the exit, and return it."""
    record = read_record(folder, "service")
    assert record is not None
    assert wait_for_end(record.guard, 10)
    record = read_record(folder, "service")
    assert record is not None
    assert record.exit is not None
    return record.exit


def ask(port: int, path: str) -> None:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        connection.getresponse().read()
    except (OSError, HTTPException):
        return  # it may have been killed while it answered
    finally:
        connection.close()


def test_a_service_is_not_a_child_of_the_command(launch: Launcher, tmp_path: Path) -> None:
    start(launch(), tmp_path)
    record = read_record(tmp_path, "service")
    assert record is not None
    ours = {child.pid for child in psutil.Process().children(recursive=True)}
    assert record.child.process() is not None
    assert not ours & {record.child.pid, record.guard.pid}


def test_the_output_goes_to_the_log(launch: Launcher, tmp_path: Path) -> None:
    started = start(launch(), tmp_path)
    assert log_files.tail(Path(started.log))[:1] == ("serving",)


def test_a_service_over_its_limit_is_killed_and_its_peak_recorded(launch: Launcher, tmp_path: Path) -> None:
    started = start(launch(limit=128 * MIB), tmp_path)
    ask(started.port, "/eat")
    ended = exit_of(tmp_path)
    assert (ended.code, ended.reason) == (137, OUT_OF_MEMORY)
    assert 128 * MIB < ended.peak < 400 * MIB


def test_child_processes_count_towards_the_limit(launch: Launcher, tmp_path: Path) -> None:
    started = start(launch(limit=128 * MIB), tmp_path)
    ask(started.port, "/spawn")
    assert exit_of(tmp_path).reason == OUT_OF_MEMORY


def test_a_service_below_its_limit_goes_on(launch: Launcher, tmp_path: Path) -> None:
    started = start(launch(limit=512 * MIB), tmp_path)
    ask(started.port, "/eat")
    record = read_record(tmp_path, "service")
    assert record is not None
    assert not wait_for_end(record.child, 0.5)  # several measurements
    assert process.answers_health(started.port)


def test_a_crash_is_recorded_with_its_exit_code(launch: Launcher, tmp_path: Path) -> None:
    process.start(launch("raise KeyError('X')"), tmp_path)
    assert process.wait_until_ready(tmp_path, "service", process.answers_health, 10) is Readiness.EXITED
    assert (exit_of(tmp_path).code, exit_of(tmp_path).reason) == (1, "ended by itself")


def test_a_service_that_does_not_answer_is_late(launch: Launcher, tmp_path: Path) -> None:
    process.start(launch(STUBBORN, grace=0.2), tmp_path)
    assert process.wait_until_ready(tmp_path, "service", process.answers_health, 0.5) is Readiness.LATE


def test_stop_returns_whether_the_service_ran(launch: Launcher, tmp_path: Path) -> None:
    start(launch(), tmp_path)
    assert process.stop(tmp_path, "service")
    assert exit_of(tmp_path).reason == STOPPED
    assert not process.stop(tmp_path, "service")


def test_a_service_that_ignores_sigterm_is_killed_after_its_grace(launch: Launcher, tmp_path: Path) -> None:
    started = launch(STUBBORN, grace=0.2)
    process.start(started, tmp_path)
    ready = process.wait_until_ready(
        tmp_path, "service", lambda _: bool(log_files.tail(Path(started.log))), 10
    )
    assert ready is Readiness.READY
    process.stop(tmp_path, "service")
    assert (exit_of(tmp_path).code, exit_of(tmp_path).reason) == (137, STOPPED)


def test_a_kill_is_recorded(launch: Launcher, tmp_path: Path) -> None:
    start(launch(), tmp_path)
    record = read_record(tmp_path, "service")
    assert record is not None
    os.kill(record.child.pid, signal.SIGKILL)
    assert (exit_of(tmp_path).code, exit_of(tmp_path).reason) == (137, "killed by SIGKILL")


def test_a_service_without_its_guard_is_stopped(launch: Launcher, tmp_path: Path) -> None:
    start(launch(), tmp_path)
    record = read_record(tmp_path, "service")
    assert record is not None
    os.kill(record.guard.pid, signal.SIGKILL)
    assert process.stop(tmp_path, "service")
    assert record.child.process() is None


def test_another_process_with_the_recorded_pid_is_not_stopped(launch: Launcher, tmp_path: Path) -> None:
    start(launch(), tmp_path)
    process.stop(tmp_path, "service")
    record = read_record(tmp_path, "service")
    assert record is not None
    other = psutil.Popen([sys.executable, "-c", "input()"], stdin=-1)
    try:
        earlier = ProcessId(other.pid, record.child.started)
        replace(record, child=earlier, guard=earlier).write(tmp_path)
        assert not process.stop(tmp_path, "service")
        assert other.is_running()
    finally:
        other.communicate(b"\n")


def test_children_of_a_service_without_its_guard_are_stopped(launch: Launcher, tmp_path: Path) -> None:
    started = start(launch(), tmp_path)
    ask(started.port, "/spawn")
    record = read_record(tmp_path, "service")
    assert record is not None
    service = record.child.process()
    assert service is not None
    (child,) = map(process_id, service.children())
    os.kill(record.guard.pid, signal.SIGKILL)
    process.stop(tmp_path, "service")
    assert wait_for_end(child, 5)


def test_a_copied_record_stops_no_process(launch: Launcher, tmp_path: Path) -> None:
    start(launch(), tmp_path)
    copy = tmp_path / "copy"
    copy.mkdir()
    shutil.copy(tmp_path / "service.json", copy)
    assert not process.stop(copy, "service")
    assert process.stop(tmp_path, "service")


def test_a_record_of_another_version_still_finds_the_service(launch: Launcher, tmp_path: Path) -> None:
    start(launch(), tmp_path)
    path = tmp_path / "service.json"
    document = json.loads(path.read_text())
    del document["launch"]["memory_limit"]
    document["launch"]["new"] = 1
    path.write_text(json.dumps(document))
    assert process.stop(tmp_path, "service")


def test_a_service_that_cannot_be_recorded_is_ended(launch: Launcher, tmp_path: Path) -> None:
    (tmp_path / "service.json").mkdir()
    started = launch()
    with pytest.raises(EnvironmentFault, match="cannot be written"):
        process.start(started, tmp_path)
    assert not process.answers_health(started.port)
    (tmp_path / "service.json").rmdir()


def test_the_guard_imports_nothing_from_the_current_folder(
    launch: Launcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "psutil.py").write_text("raise SystemExit('imported')")
    monkeypatch.chdir(tmp_path)
    start(launch(), tmp_path)


def test_a_service_has_the_default_signal_handlers(launch: Launcher, tmp_path: Path) -> None:
    code = "import signal; print(signal.getsignal(signal.SIGHUP) == signal.SIG_DFL, flush=True)"
    started = launch(code)
    process.start(started, tmp_path)
    exit_of(tmp_path)
    assert log_files.tail(Path(started.log)) == ("True",)


@pytest.mark.parametrize("pid", [-1, "text", None])
def test_a_damaged_record_stops_no_process(launch: Launcher, tmp_path: Path, pid: object) -> None:
    start(launch(), tmp_path)
    path = tmp_path / "service.json"
    text = path.read_text()
    document = json.loads(text)
    document["guard"]["pid"] = document["child"]["pid"] = pid
    path.write_text(json.dumps(document))
    assert not process.stop(tmp_path, "service")
    path.write_text(text)
    assert process.stop(tmp_path, "service")


def test_the_error_about_a_taken_port_names_both_processes(launch: Launcher, tmp_path: Path) -> None:
    started = start(launch(), tmp_path)
    with pytest.raises(
        PortTaken, match=rf"Port {started.port}, which other asks for, is taken by python"
    ) as caught:
        process.require_free_port("other", started.port)
    assert "--port-offset" in str(caught.value)


def test_a_command_that_cannot_be_run_is_named_in_the_error(launch: Launcher, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault, match="no-such-program"):
        process.start(replace(launch(), argv=("no-such-program",)), tmp_path)


DAEMON = """
import mmap, os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        shared = mmap.mmap(-1, int(sys.argv[1]) * 2**20)
        for at in range(0, len(shared), 4096):
            shared[at] = 1
        open(sys.argv[2], "w").write(str(os.getpid()))
        time.sleep(99)
    os._exit(0)
os.wait()
"""
LEAVES_AN_ORPHAN = f"""
import subprocess, sys
subprocess.run([sys.executable, "-c", {DAEMON!r}, "{{size}}", "{{file}}"], check=True)
{SERVE}
"""


def orphan_of(file: Path) -> psutil.Process:
    deadline = time.monotonic() + 10
    while not (file.exists() and file.read_text()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return psutil.Process(int(file.read_text()))


def has_ended(found: psutil.Process) -> bool:
    deadline = time.monotonic() + 5
    while found.is_running() and time.monotonic() < deadline:
        time.sleep(0.01)
    return not found.is_running()


def test_a_service_without_a_record_is_ended_and_others_are_not(launch: Launcher, tmp_path: Path) -> None:
    start(launch(), tmp_path)
    lost = read_record(tmp_path, "service")
    start(launch(), tmp_path)  # as if a killed command had been starting the first one
    kept = read_record(tmp_path, "service")
    assert lost is not None
    assert kept is not None
    process.end_unrecorded(tmp_path)
    assert lost.child.process() is None
    assert kept.child.process() is not None
    assert read_record(tmp_path, "service") == kept


def test_an_orphan_ends_with_its_service(launch: Launcher, tmp_path: Path) -> None:
    file = tmp_path / "orphan"
    start(launch(LEAVES_AN_ORPHAN.format(size=1, file=file)), tmp_path)
    orphan = orphan_of(file)
    assert orphan.is_running()
    process.stop(tmp_path, "service")
    assert has_ended(orphan)


@pytest.mark.slow
def test_an_orphan_of_a_service_whose_guard_was_killed_is_ended_with_all(
    launch: Launcher, tmp_path: Path
) -> None:
    file = tmp_path / "orphan"
    start(launch(LEAVES_AN_ORPHAN.format(size=1, file=file)), tmp_path)
    orphan, record = orphan_of(file), read_record(tmp_path, "service")
    assert record is not None
    os.kill(record.guard.pid, signal.SIGKILL)
    process.stop_all(tmp_path)
    assert has_ended(orphan)


def test_shared_memory_of_an_orphan_counts_towards_the_limit(launch: Launcher, tmp_path: Path) -> None:
    file = tmp_path / "orphan"
    process.start(launch(LEAVES_AN_ORPHAN.format(size=512, file=file), limit=256 * MIB), tmp_path)
    ended = exit_of(tmp_path)
    assert (ended.code, ended.reason) == (137, OUT_OF_MEMORY)
    process.stop_all(tmp_path)
    assert all("sleep(99)" not in " ".join(one.cmdline()) for one in living_in(tmp_path))


def living_in(folder: Path) -> list[psutil.Process]:
    found = []
    for one in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if Path(one.cwd()).is_relative_to(folder) and one.status() != psutil.STATUS_ZOMBIE:
                found.append(one)
    return found


@pytest.mark.slow
def test_memory_that_children_share_is_counted_once(launch: Launcher, tmp_path: Path) -> None:
    forks = """
import mmap, os, time
shared = mmap.mmap(-1, 100 * 2**20)
for at in range(0, len(shared), 4096):
    shared[at] = 1
for _ in range(3):
    if os.fork() == 0:
        sum(shared[at] for at in range(0, len(shared), 4096))
        time.sleep(99)
"""
    start(launch(f"{forks}\n{SERVE}", limit=256 * MIB), tmp_path)
    time.sleep(1.5)  # several measurements
    record = read_record(tmp_path, "service")
    assert record is not None
    assert record.exit is None
