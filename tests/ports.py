"""Ports that are free, from the part of the range that this test process has to itself.

With pytest-xdist several processes run tests at once: a part each, so that none takes another's port. All are
below the ports that the system gives to outgoing connections, which take any of theirs at any moment.
"""

import os
import random
import socket
from collections.abc import Iterable, Iterator
from functools import cache

OFFSETS = range(1_000, 15_000)
"""By how much the lab's ports are moved: from 5001-5432 to 6001-20432."""

SINGLE = range(21_000, 32_000)
"""From which `free_port` takes."""

WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))


def free_port() -> int:
    """Returns a port of 127.0.0.1 that no process listens on; never the same one twice."""
    return next(port for port in _ports() if _is_free(port))


def free_offset(ports: Iterable[int], reach: int) -> int:
    """Returns an offset at which all of `ports` are free; the next `reach` offsets are this process's too.

    Raises:
        AssertionError: none was found.
    """
    wanted = list(ports)
    part = _part(OFFSETS)
    for offset in random.sample(range(part.start, part.stop - reach - (max(wanted) - min(wanted))), 100):
        if all(_is_free(port + offset) for port in wanted):
            return offset
    raise AssertionError(f"At no offset in {part} were the ports {wanted} all free.")


@cache
def _ports() -> Iterator[int]:
    part = _part(SINGLE)
    return iter(random.sample(part, len(part)))


def _part(whole: range) -> range:
    """This process's share of `whole`."""
    size = len(whole) // WORKERS
    return whole[WORKER * size : (WORKER + 1) * size]


def _is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True
