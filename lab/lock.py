"""One `lab` at a time changes a workspace: a file lock, which the kernel drops with its holder."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.errors import EnvironmentFault, Locked

PATIENCE = 10.0
PAUSE = 0.05


@contextmanager
def sole(path: Path, *, waiting: Callable[[str], None], patience: float = PATIENCE) -> Iterator[None]:
    """Hold the lock at `path`; `waiting` is told, once, who else holds it.

    Raises:
        Locked: it was still held after `patience` seconds.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Children of ours do not inherit it: a service that we start must not keep the lock.
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise EnvironmentFault(
            f"{path} cannot be written: {error.strerror}.", "Check the folder's permissions."
        ) from error
    with open(descriptor, "r+b", buffering=0) as file:
        wait_for(lambda: _try(file.fileno()), lambda: _holder(path), waiting, patience)
        file.truncate(0)
        file.seek(0)
        file.write(b"%d" % os.getpid())
        yield


def wait_for(
    attempt: Callable[[], bool], holder: Callable[[], str], waiting: Callable[[str], None], patience: float
) -> None:
    """Try until it works, saying once who is in the way.

    Raises:
        Locked: it did not work within `patience` seconds.
    """
    deadline = time.monotonic() + patience
    told = False
    while not attempt():
        if time.monotonic() > deadline:
            raise Locked(
                f"Another lab is at work here: {holder()}.",
                "Nothing was touched. Wait for it, then try again.",
            )
        if not told:
            waiting(f"Waiting for another lab: {holder()}")
            told = True
        time.sleep(PAUSE)


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(path: Path) -> str:
    return f"process {path.read_text(errors='replace').strip() or 'unknown'}"
