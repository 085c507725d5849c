"""Ask the `lab run` that has a service in the foreground to stop it, and to start it again."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from lab.errors import EnvironmentFault
from lab.runtime.ending import END_POLL, KILL_TIMEOUT, end, wait_for_end
from lab.runtime.launch import START_REQUEST, STOP_REQUEST, Record, read_record

RESPONSE_TIMEOUT = 10.0
"""Seconds that a `lab run` has to start its service on request."""


def stop(records: Path, record: Record) -> bool:
    """Make the `lab run` stop the service, and wait until it has recorded that; return whether it ran."""
    ran = record.child.process() is not None
    _request(record, STOP_REQUEST)
    if not wait_for_end(record.child, record.launch.grace + KILL_TIMEOUT):
        end(record.child, 0.0, group=True)
    deadline = time.monotonic() + KILL_TIMEOUT
    while (now := read_record(records, record.launch.name)) and now.exit is None and now.in_foreground:
        if time.monotonic() > deadline:
            break
        time.sleep(END_POLL)
    return ran


def start(records: Path, name: str) -> Record | None:
    """Make the `lab run` that has this service start it; return its record, or None if there is no such run.

    Raises EnvironmentFault if it does not respond.
    """
    before = read_record(records, name)
    if before is None or not before.in_foreground:
        return None
    if before.child.process() is not None:
        return before
    _request(before, START_REQUEST)
    deadline = time.monotonic() + RESPONSE_TIMEOUT
    while (now := read_record(records, name)) is not None and now.in_foreground:
        if now.child != before.child:
            return now
        if time.monotonic() > deadline:
            raise EnvironmentFault(
                f"lab run {name} (process {before.guard.pid}) does not start it again.",
                f"End it: kill -9 {before.guard.pid}, then lab up",
            )
        time.sleep(END_POLL)
    return None


def _request(record: Record, number: signal.Signals) -> None:
    """Send a `lab run` a request, and wake it if Ctrl-Z has stopped it."""
    with suppress(ProcessLookupError):
        os.kill(record.guard.pid, number)
        os.kill(record.guard.pid, signal.SIGCONT)
