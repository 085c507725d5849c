"""One service process: start it under its guard, wait until it is ready, dead or late, stop it."""

import enum
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import psutil

from lab.errors import EnvironmentFault, PortTaken
from lab.runtime.guard import GRACE
from lab.runtime.launch import Launch, ProcessId, Record, process_id, read_record
from lab.shell import run

END_POLL = 0.01  # seconds
GUARD = "lab.runtime.guard"
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Readiness(enum.Enum):
    """How the wait for a service ended."""

    READY = "ready"
    EXITED = "exited"
    LATE = "late"


def start(launch: Launch, records: Path) -> Record:
    """Start the service; its guard stays behind and outlives this command.

    Raises:
        PortTaken: somebody else listens on its port.
        EnvironmentFault: its command cannot be run.
    """
    require_free_port(launch.name, launch.port)
    records.mkdir(parents=True, exist_ok=True)
    with _interrupt_held_back():
        finished = run(
            # -P: the current folder is the candidate's, and no place to import from.
            [sys.executable, "-P", "-m", GUARD, records.resolve()],
            stdin=json.dumps(asdict(launch)).encode(),
            timeout=30,
        )
    record = read_record(records, launch.name)
    if finished.code != 0 or record is None:
        raise EnvironmentFault(f"{launch.name} was not started: {finished.last_line}")
    return record


@contextmanager
def _interrupt_held_back() -> Iterator[None]:
    """Let ^C wait until the record is written: half a start would be a process that nobody knows of."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = {number: signal.signal(number, lambda number, _: came.append(number)) for number in ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    for caught in came:
        signal.raise_signal(caught)


def stop(records: Path, name: str) -> bool:
    """Stop the service if it runs and is proved ours; True when there was something to stop.

    Its guard asks it first and kills it after a grace. A service without its guard is ended all the same.

    Raises:
        EnvironmentFault: it is still there after all that.
    """
    record = read_record(records, name)
    if record is None:
        return False
    ended = [_end(record.guard, GRACE + 5.0), _end(record.child, GRACE, group=True)]
    if record.child.process() is not None:
        raise EnvironmentFault(f"{name} (process {record.child.pid}) does not end, not even when killed.")
    return any(ended)


def recorded(records: Path) -> tuple[str, ...]:
    """The services that have a record there, readable or not."""
    return tuple(sorted(path.stem for path in records.glob("*.json")))


def held_ports(records: Path) -> frozenset[int]:
    """The ports of the recorded services that run, under whatever name."""
    found = [record for name in recorded(records) if (record := read_record(records, name)) is not None]
    return frozenset(record.launch.port for record in found if record.child.process() is not None)


def stop_all(records: Path) -> tuple[str, ...]:
    """Stop every service that was started with records there, and forget them; answers which ran.

    One whose record is lost is found by its guard.

    Raises:
        EnvironmentFault: one is still there after all that.
    """
    names = recorded(records)
    stopped = [name for name in names if stop(records, name)]
    for guard in _guards(records):
        if _end(guard, GRACE + 5.0):
            stopped.append(f"a service without a record (under process {guard.pid})")
    for name in recorded(records):  # a guard writes one when it ends
        (records / f"{name}.json").unlink(missing_ok=True)
    return tuple(stopped)


def _guards(records: Path) -> list[ProcessId]:
    """The guards that were started for this folder, by their command lines."""
    ending = [GUARD, str(records.resolve())]
    found = []
    for one in psutil.process_iter(["cmdline"]):
        if (one.info["cmdline"] or [])[-2:] == ending and _sees_our_files(one):
            with suppress(psutil.NoSuchProcess):
                found.append(process_id(one))
    return found


def _sees_our_files(other: psutil.Process) -> bool:
    """Whether a path means the same to it as to us: in a container the same path is another folder.

    https://man7.org/linux/man-pages/man7/mount_namespaces.7.html
    """
    spaces = [Path(f"/proc/{pid}/ns/mnt") for pid in (other.pid, os.getpid())]
    try:
        return len({space.readlink() for space in spaces}) == 1
    except FileNotFoundError:
        return not spaces[1].parent.exists()  # a system without namespaces, unless the process has gone
    except PermissionError:
        return False


def _end(identity: ProcessId, grace: float, *, group: bool = False) -> bool:
    """Ask the process to end, or the group that it leads, then make it; True when it was there."""
    if identity.process() is None:
        return False
    send = os.killpg if group else os.kill
    for number, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, 5.0)):
        with suppress(ProcessLookupError):
            send(identity.pid, number)
        if wait_for_end(identity, patience):
            break
    return True


def wait_for_end(identity: ProcessId, deadline: float) -> bool:
    """Wait until the process is gone, or a zombie that its parent is slow to reap; False when it is late."""
    until = time.monotonic() + deadline
    while identity.process() is not None:
        if time.monotonic() > until:
            return False
        time.sleep(END_POLL)
    return True


def wait_until_ready(
    records: Path, name: str, ready: Callable[[int], bool], deadline: float, poll: float = 0.03
) -> Readiness:
    """Wait until `ready(port)` holds, the service has ended, or `deadline` seconds have passed."""
    until = time.monotonic() + deadline
    while time.monotonic() < until:
        record = read_record(records, name)
        if record is None or record.exit is not None or record.child.process() is None:
            return Readiness.EXITED
        if ready(record.launch.port):
            return Readiness.READY
        time.sleep(poll)
    return Readiness.LATE


def answers_health(port: int, timeout: float = 2.0) -> bool:
    """Whether GET /health answers 200 there."""
    connection = HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def require_free_port(asker: str, port: int) -> None:
    """Raises PortTaken, naming the asker and, where the machine tells, the holder."""
    with socket.socket() as listener:
        # As the servers do: a port whose last connections are still closing is free.
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
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.laddr and connection.laddr.port == port and connection.pid:
                return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
    except (psutil.Error, OSError):
        return ""  # other users' sockets are not shown to us
    return ""
