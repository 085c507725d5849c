"""A file lock: one `lab` at a time changes a workspace. The kernel releases it when its holder dies."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.errors import EnvironmentFault, Locked
from lab.progress import Progress, Update

LOCK_WAIT = 10.0
"""Seconds to wait for another lab, unless the caller says otherwise."""

POLL = 0.05
"""Seconds between two attempts."""


@contextmanager
def exclusive_lock(
    path: Path, *, progress: Progress, wait: float = LOCK_WAIT, make_folder: bool = True
) -> Iterator[None]:
    """Lock the file at `path` for the block. If another process has locked it, report that once and wait.

    Its folder is made if there is none, unless `make_folder` is False.

    Raises:
        Locked: another process still held the lock after `wait` seconds.
        EnvironmentFault: the file cannot be made or opened.
    """
    try:
        if make_folder:
            path.parent.mkdir(parents=True, exist_ok=True)
        # Close-on-exec: a service that the block starts must not inherit the lock. No link is followed: the
        # folder may be a candidate's, and the file is written to.
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(path, flags, 0o644)
    except OSError as error:
        problem = f"{path} cannot be written: {error.strerror}."
        remedy = "It is a link: delete it." if path.is_symlink() else "Check the folder's permissions."
        raise EnvironmentFault(problem, remedy) from error
    with open(descriptor, "r+b", buffering=0) as file:
        acquire(lambda: _try_lock(file.fileno()), lambda: _holder(path), progress, wait)
        file.truncate(0)
        file.seek(0)
        file.write(b"%d" % os.getpid())
        yield


def acquire(attempt: Callable[[], bool], holder: Callable[[], str], progress: Progress, wait: float) -> None:
    """Repeat `attempt` until it returns True, for at most `wait` seconds; report the wait and `holder` once.

    Raises:
        Locked: every attempt failed.
    """
    deadline = time.monotonic() + wait
    reported = False
    while not attempt():
        if time.monotonic() > deadline:
            raise Locked(
                f"Another lab is at work here: {holder()}.",
                "Nothing was touched. Wait until it has finished, then try again.",
            )
        if not reported:
            progress(Update(f"Waiting for another lab: {holder()}"))
            reported = True
        time.sleep(POLL)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(path: Path) -> str:
    return f"process {path.read_text(errors='replace').strip() or 'unknown'}"
