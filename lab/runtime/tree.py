"""The processes of one service: found again and again, and how much memory they use together."""

import os
import time
from contextlib import suppress
from pathlib import Path

import psutil

from lab.descendants import descendants, proportional, resident, without_files
from lab.runtime.launch import Launch
from lab.runtime.walls import reached_bounds, service_behind

CHILDREN_POLL = 0.5
"""Seconds between two searches for descendants, which take longer, while the memory is far from its limit."""

PAGE = os.sysconf("SC_PAGE_SIZE")


class ServiceTree:
    """The processes that descend from this one, of which `first` was started as the service or as its wall.

    `found`: the service's own process is known. Behind a wall it is a descendant of the first one. `reached`
    has the bounds of the wall that were seen to be reached.
    """

    def __init__(self, first: psutil.Process, launch: Launch) -> None:
        self.service = first
        self.processes = [first]
        self.found = launch.means is None
        self.reached: set[str] = set()
        self._walled = launch.means is not None
        self._log = Path(launch.log)
        self._read_at = 0.0
        self._statm: int | None = None
        self._open_statm()

    def memory(self, limit: int | None) -> int:
        """Return the resident bytes of the service and its descendants, about as a container counts them.

        Its orphans are among them. Near the limit, pages that several processes share are counted once.
        """
        if not self.found or time.monotonic() - self._read_at > CHILDREN_POLL:
            self.read()
        used = sum(map(without_files, self.processes[1:]), self._resident())
        if limit is not None and used > limit and len(self.processes) > 1:
            self.read()
            used = sum(map(proportional, self.processes))
        return used

    def read(self) -> None:
        """Find the service and everything that descends from this guard: it adopts the service's orphans."""
        if not self.found and (own := service_behind(self.service)) is not None:
            self.found, self.service = True, own
            self._open_statm()
        self._read_at = time.monotonic()
        with suppress(psutil.Error):
            others = [one for one in descendants(psutil.Process()) if one != self.service]
            self.processes = [self.service, *others]
        if self._walled and self.found:
            self.reached.update(reached_bounds(self.processes, self._log))

    def close(self) -> None:
        """Close the file that is kept open."""
        if self._statm is not None:
            os.close(self._statm)
            self._statm = None

    def _open_statm(self) -> None:
        """Keep the file open that is read most often: the size of the service's own process."""
        self.close()
        with suppress(OSError):  # not on Linux
            self._statm = os.open(f"/proc/{self.service.pid}/statm", os.O_RDONLY)

    def _resident(self) -> int:
        """Return the resident bytes of the service itself; 0 once it has ended."""
        if self._statm is None:
            return resident(self.service)
        try:
            return int(os.pread(self._statm, 200, 0).split()[1]) * PAGE
        except (OSError, IndexError):
            return 0
