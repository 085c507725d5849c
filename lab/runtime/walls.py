"""The wall around a service that untrusted code runs in."""

import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil

from lab.descendants import descendants
from lab.errors import EnvironmentFault
from lab.library import PACKAGE
from lab.runtime.launch import RECORDS_VARIABLE, Launch
from lab.sandbox import CODE, Bounds, Level, Means, Wall, Walled, run, walled

GUEST = Path(__file__).resolve().parent / "guest"
GUEST_INSIDE = Path("/opt/guest")
NOT_CODE = (".lab", ".git", "fixes", "probes")
"""Folders of a workspace that its services do not see."""

PROGRAMS = frozenset({"sh", "bwrap", "setpriv"})
"""What a wall is made of: processes between a guard and its service."""

PROCESSES, FILES, DISK = 256, 1024, 16 * 2**20
BOUNDS = Bounds(processes=PROCESSES, files=FILES, disk=DISK)
NEARLY = 0.95
"""The part of a bound from which it counts as reached: what is refused at the bound is not seen."""


def enclosed(launch: Launch, means: Means, environment: Mapping[str, str], temporary: Path | None) -> Walled:
    """Return how to start a service behind a wall, with these variables.

    `temporary` is a folder for its temporary files, which it uses where the wall cannot give it one.
    """
    folder = Path(launch.folder)
    readable = {folder: CODE, GUEST: GUEST_INSIDE}
    # Where lab is installed with its library, its folder holds the solutions.
    hidden = (PACKAGE, *(CODE / name for name in NOT_CODE if (folder / name).exists()))
    wall = Wall(readable, hidden=hidden, network=True, folder=folder, temporary=temporary)
    paths = {name: str(wall.inside(Path(environment[name]), means)) for name in ("HOME", "PYTHONPATH")}
    # As without a wall, so that it cannot be told by this.
    paths[RECORDS_VARIABLE] = str(CODE / ".lab" / "services")
    return walled(launch.argv, replace(wall, environment={**environment, **paths}), BOUNDS, means)


def require_reachable(folder: Path, means: Means) -> None:
    """Check that a walled process can open the folder: where walls switch the user without namespaces.

    Raises:
        EnvironmentFault: it cannot. Every service would end at once, as if its code were at fault.
    """
    if means.level is not Level.OTHER_USER:
        return
    wall = Wall({folder: folder}, environment={"PATH": "/usr/bin:/bin"}, folder=folder)
    if run(("true",), wall, BOUNDS, means).code != 0:
        raise EnvironmentFault(
            f"Here code is measured as the user {means.uid}, who cannot open {folder}.",
            "Move the workspace to where all users can read it, or run lab as an ordinary user.",
        )


def temporary_folder(means: Means) -> Path | None:
    """Make a folder for a service's temporary files, if its wall has no /tmp of its own."""
    if means.level is Level.BWRAP:
        return None
    folder = Path(tempfile.mkdtemp(prefix="lab-"))
    if means.switches_user:
        os.chown(folder, means.uid, means.uid)
    return folder


def service_behind(process: psutil.Process) -> psutil.Process | None:
    """Return the service's own process, a descendant of its wall's first one; None if it is not there yet."""
    try:
        while process.name() in PROGRAMS:
            children = descendants(process)
            if not children:
                return None
            process = children[0]
    except psutil.Error:
        return None
    return process


def reached_bounds(tree: Iterable[psutil.Process], log: Path) -> Iterator[str]:
    """Yield the bounds that these processes of one wall, or their output in the file `log`, have reached."""
    tasks = 0
    for process in tree:
        with suppress(psutil.Error, OSError):
            tasks += process.num_threads()
            if process.name() not in PROGRAMS:
                if process.num_fds() >= NEARLY * FILES:
                    yield f"{FILES:,} open files"
                for folder in ("tmp", "dev/shm"):
                    space = os.statvfs(Path("/proc", str(process.pid), "root", folder))
                    used = (space.f_blocks - space.f_bfree) * space.f_frsize
                    if used >= NEARLY * DISK and space.f_blocks * space.f_frsize <= DISK:
                        yield f"{DISK // 2**20} MiB in /{folder}"
    if tasks >= NEARLY * PROCESSES:
        yield f"{PROCESSES} processes and threads"
    with suppress(OSError):
        if log.stat().st_size >= NEARLY * DISK:
            yield f"{DISK // 2**20} MiB of output"
