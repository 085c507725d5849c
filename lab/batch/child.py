"""Run one `lab` in a process of its own: within a deadline, and never longer than the caller lives or waits.

The caller may be any thread, and one of a process that must not fork: no signal handler is set here.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from lab.errors import LabError

POLL = 0.1
"""Seconds between two looks at the process."""

END_TIMEOUT = 40.0
"""Seconds that a process has to clean up after SIGTERM, before it is killed."""


class Interrupted(LabError):
    """The caller gave up: what was running has been ended."""


def run_child(
    words: Sequence[str], log: Path, *, seconds: float, abandoned: Callable[[], bool]
) -> int | None:
    """Run `python -m` with these words, and return the exit code; None if it was ended after `seconds`.

    Its output goes to the file `log`. Its standard input is a pipe that only this process holds open: when
    this process dies, the pipe is closed. What the process leaves in its group is killed.

    Raises:
        Interrupted: `abandoned` returned True, and the process was ended.
    """
    with log.open("wb") as output:
        child = subprocess.Popen(
            [sys.executable, "-P", "-m", *words],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            process_group=0,
        )
    with child:
        try:
            ended = _wait(child, seconds, abandoned)
        finally:
            _end(child)
    return child.returncode if ended else None


def _wait(child: "subprocess.Popen[bytes]", seconds: float, abandoned: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not _has_ended(child):
        if abandoned():
            raise Interrupted("The grading was interrupted.")
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL)
    return True


def _end(child: "subprocess.Popen[bytes]") -> None:
    """Have the process clean up and end; kill what is left of it and of its group."""
    if not _has_ended(child):
        _signal(child, signal.SIGTERM)
        deadline = time.monotonic() + END_TIMEOUT
        while not _has_ended(child) and time.monotonic() < deadline:
            time.sleep(POLL)
    _signal(child, signal.SIGKILL)
    child.wait()


def _has_ended(child: "subprocess.Popen[bytes]") -> bool:
    """Return whether it has ended. It is not reaped, so that no other group can get its number."""
    return os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _signal(child: "subprocess.Popen[bytes]", number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)
