"""One service process: start it under its guard, wait until it is ready, stop it."""

import enum
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from lab.errors import EnvironmentFault, PortTaken
from lab.json_files import from_json, to_json
from lab.runtime import foreground_requests
from lab.runtime.ending import KILL_TIMEOUT, end
from lab.runtime.launch import GRACE, RECORDS_VARIABLE, Launch, ProcessId, Record, process_id, read_record
from lab.runtime.proof import GUARD, environment_of, guard_words, is_ours
from lab.shell import run

ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

READY_POLL = 0.03
"""Seconds between two questions whether a service is ready."""

HEALTH_TIMEOUT = 2.0
"""Seconds that one wait for an answer to GET /health may last."""


class Readiness(enum.Enum):
    """How the wait for a service ended. EXITED also means never started, LATE means not ready in time."""

    READY = "ready"
    EXITED = "exited"
    LATE = "late"


def start(launch: Launch, records: Path) -> Record:
    """Start the service under a guard that outlives this command, and return its record.

    A service that a `lab run` has is started there.

    Raises:
        PortTaken: another process listens on its port.
        EnvironmentFault: its command cannot be run, or its record cannot be written.
    """
    if (record := foreground_requests.start(records, launch.name)) is not None:
        return record
    require_free_port(launch.name, launch.port)
    records.mkdir(parents=True, exist_ok=True)
    with _signals_deferred():
        # -P: import nothing from the current folder, which is the candidate's.
        argv: list[str | Path] = [sys.executable, "-P", "-m", GUARD, records.resolve()]
        finished = run(argv, stdin=to_json(launch).encode(), timeout=30)
    record = read_record(records, launch.name)
    if finished.code != 0 or record is None:
        remedy = "Check its command in the compose file, and the disk space."
        raise EnvironmentFault(f"{launch.name} was not started: {finished.last_line}", remedy)
    return record


def start_all(launches: Sequence[Launch], records: Path) -> None:
    """Start the services together: most of the time of a start is that of its guard's imports.

    Raises as `start` does. The other services may run then.
    """
    with _signals_deferred(), ThreadPoolExecutor() as pool:
        list(pool.map(lambda launch: start(launch, records), launches))


@contextmanager
def _signals_deferred() -> Iterator[None]:
    """Deliver ^C and the like after the block: a service without its record could not be found again."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    received: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _: received.append(number)) for number in ENDING_SIGNALS
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    for caught in received:
        signal.raise_signal(caught)


def stop(records: Path, name: str) -> bool:
    """Stop the service recorded in the folder `records`, and its guard; return whether one of them ran.

    Without a record, or with one of processes that lab did not start, it returns False. The guard asks the
    service to end, and kills it after its grace period. If the guard is gone, this function does the same. A
    `lab run` does not end: it waits for a start.

    Raises:
        EnvironmentFault: the service still runs, although it was killed.
    """
    record = read_record(records, name)
    if record is None or not is_ours(record, records):
        return False
    grace = record.launch.grace
    if record.in_foreground:
        ended = [foreground_requests.stop(records, record)]
    else:
        ended = [end(record.guard, grace + KILL_TIMEOUT), end(record.child, grace, group=True)]
    if record.child.process() is not None:
        raise EnvironmentFault(f"{name} (process {record.child.pid}) does not end even when killed.")
    return any(ended)


def recorded(records: Path) -> tuple[str, ...]:
    """Return the names of the services with a record in the folder, sorted. A record may be damaged."""
    return tuple(sorted(path.stem for path in records.glob("*.json")))


def has_damaged_record(records: Path, name: str) -> bool:
    """Return whether there is a record of this folder's service that cannot be read."""
    path = records / f"{name}.json"
    if not path.exists() or read_record(records, name) is not None:
        return False
    try:
        return from_json(path.read_bytes(), Record).kept_in == str(records.resolve())
    except (OSError, ValueError):
        return True


def held_ports(records: Path) -> frozenset[int]:
    """Return the ports of the recorded services that run."""
    found = [record for name in recorded(records) if (record := read_record(records, name)) is not None]
    return frozenset(record.launch.port for record in found if record.child.process() is not None)


def stop_all(records: Path) -> tuple[str, ...]:
    """Stop every service with a record in the folder, delete the records, and return which services ran.

    A service whose record is lost is found by its guard, and returned as a description for messages.

    Raises:
        EnvironmentFault: one still runs. Later ones are not stopped, and the records stay.
    """
    names = recorded(records)
    stopped = [name for name in names if stop(records, name)]
    for guard in _guards(records):
        if end(guard, GRACE + KILL_TIMEOUT):
            stopped.append(f"a service without a record (under process {guard.pid})")
    _kill_orphans(records)
    for name in recorded(records):  # a guard also writes one when its service ends
        (records / f"{name}.json").unlink(missing_ok=True)
    return tuple(stopped)


def end_unrecorded(records: Path) -> None:
    """End the services of this folder that no record describes: a killed command was just starting them.

    Nothing is done while a record is damaged.
    """
    known = set()
    for name in recorded(records):
        if (record := read_record(records, name)) is None:
            return
        known.add(record.guard)
    while unknown := [guard for guard in _guards(records) if guard not in known]:
        for guard in unknown:  # while one starts, it has a parent with the same command
            end(guard, GRACE + KILL_TIMEOUT)
        known.update(unknown)


def _kill_orphans(records: Path) -> None:
    """Kill what services left whose guard was killed; a guard ends its service's orphans itself."""
    wanted = str(records.resolve())
    for one in psutil.process_iter():
        with suppress(psutil.Error):
            is_marked = one.uids().real == os.getuid() and environment_of(one).get(RECORDS_VARIABLE) == wanted
            if is_marked and _shares_mounts(one):
                one.kill()


def _guards(records: Path) -> list[ProcessId]:
    """Return the guards that were started for this folder, found by their command lines."""
    arguments = guard_words(records)
    found = []
    for one in psutil.process_iter(["cmdline"]):
        if (one.info["cmdline"] or [])[-2:] == arguments and _shares_mounts(one):
            with suppress(psutil.NoSuchProcess):
                found.append(process_id(one))
    return found


def _shares_mounts(other: psutil.Process) -> bool:
    """Return whether paths mean the same to `other`: in a container the same path is another folder.

    https://man7.org/linux/man-pages/man7/mount_namespaces.7.html
    """
    spaces = [Path(f"/proc/{pid}/ns/mnt") for pid in (other.pid, os.getpid())]
    try:
        return len({space.readlink() for space in spaces}) == 1
    except FileNotFoundError:
        return not spaces[1].parent.exists()  # True without /proc, False if `other` has ended
    except PermissionError:
        return False


def wait_until_ready(records: Path, name: str, ready: Callable[[int], bool], timeout: float) -> Readiness:
    """Try `ready(port)` until it is true, the service ends or `timeout` seconds pass."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        record = read_record(records, name)
        if record is None or record.exit is not None or record.child.process() is None:
            return Readiness.EXITED
        if ready(record.launch.port):
            return Readiness.READY
        time.sleep(READY_POLL)
    return Readiness.LATE


def answers_health(port: int) -> bool:
    """Return whether the service on `port` answers GET /health with 200."""
    from http.client import HTTPConnection, HTTPException  # slow to import, and needed by few commands

    connection = HTTPConnection("127.0.0.1", port, timeout=HEALTH_TIMEOUT)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def require_free_port(asker: str, port: int) -> None:
    """Check that this process could listen on `port` of 127.0.0.1, which `asker` needs.

    Raises:
        PortTaken: it could not. The message names `asker` and, if known, the process that listens.
    """
    with socket.socket() as listener:
        # The servers do the same: a port is free even if its last connections are still closing.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
            listener.listen()
        except OSError as error:
            raise PortTaken(
                f"Port {port}, which {asker} asks for, is taken{_holder(port)}.",
                "Free it, or move every port of the lab: lab up --port-offset 100",
            ) from error


def _holder(port: int) -> str:
    with suppress(psutil.Error, OSError):  # the system does not show us the sockets of other users
        for connection in psutil.net_connections("tcp"):
            if connection.laddr and connection.laddr.port == port and connection.pid:
                return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
    return ""
