"""The words and the environment that start one command behind a wall."""

import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from lab.sandbox import bubblewrap, enter
from lab.sandbox.level import Level, Means
from lab.sandbox.wall import Bounds, Wall, interpreter_folders

ENTER = Path(enter.__file__).resolve()
IGNORE_TERM = ("/bin/sh", "-c", 'trap "" TERM INT; exec "$@"', "sh")
"""SIGTERM or SIGINT would end bwrap, and the wall with it, before the walled process can end cleanly.
`enter.py` lets the walled process receive them again; one that comes while the wall is being made is lost."""

OPEN_PATHS = (
    "/usr",
    *(f"/{name}" for name in bubblewrap.SYSTEM_FOLDERS),
    *(f"/etc/{name}" for name in bubblewrap.SYSTEM_FILES),
    "/proc/self",
    "/proc/meminfo",
    "/proc/cpuinfo",
    "/proc/stat",
)
OPEN_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
COUNTS_PER_NAMESPACE = (5, 14)
"""Since this version of Linux, RLIMIT_NPROC counts the processes of one user namespace, not all of a user.
https://git.kernel.org/torvalds/c/21d1c5e386bc751f1953b371d72cd5b7d9c9e270"""


@dataclass(frozen=True, slots=True)
class Walled:
    """How to start a walled command, with subprocess.Popen.

    `environment` must be all of its environment: other variables, such as passwords, could be read inside.
    The working folder does not matter. A SIGTERM or SIGINT to the process group reaches the command. At
    level BWRAP, a SIGKILL of the process ends everything behind the wall, and so does the end of the thread
    that started it.
    """

    argv: tuple[str, ...]
    environment: dict[str, str]


def own_code(code: int) -> int:
    """Return how the walled command ended, negative for a signal, from how the process that started it did.

    The wall's first process passes a signal on as a shell does.
    """
    return 128 - code if code > 128 else code


def walled(argv: Sequence[str | Path], wall: Wall, bounds: Bounds, means: Means) -> Walled:
    """Return how to start `argv` behind `wall`, by `means`, which `found()` returns.

    To start a wall inside another one, call this inside, with what `found()` returns there.
    """
    environment = dict(wall.environment)
    if wall.temporary is not None and means.level is not Level.BWRAP:
        environment["TMPDIR"] = str(wall.temporary)
    named = {
        f"{enter.NAMED}{number}": f"{name}={value}"
        for number, (name, value) in enumerate(environment.items())
    }
    before: tuple[str, ...] = ()
    program = ENTER
    if means.level is Level.BWRAP:
        before = (*IGNORE_TERM, *bubblewrap.words(means, wall, bounds, ENTER))
        program = bubblewrap.ENTER_INSIDE
    elif means.level is not Level.NONE and os.geteuid() == 0:
        before = _without_privileges(means)
    entering = [sys.executable, "-I", "-S", str(program), *_limits(bounds, means)]
    if means.level is not Level.NONE:
        entering.append("scope=own")
    if means.level in (Level.OTHER_USER, Level.LANDLOCK):
        entering += _rules(wall)
    if wall.folder is not None:
        entering.append(f"folder={wall.inside(wall.folder, means)}")
    return Walled((*before, *entering, "--", *map(str, argv)), named)


def _without_privileges(means: Means) -> tuple[str, ...]:
    user: tuple[str, ...] = ("--bounding-set=-all",)
    if means.switches_user:
        user = (f"--reuid={means.uid}", f"--regid={means.uid}", "--clear-groups")
    return ("setpriv", *user, "--inh-caps=-all", "--no-new-privs", "--")


def _limits(bounds: Bounds, means: Means) -> list[str]:
    processes = bounds.processes
    if processes is not None and not _counts_per_wall(means):
        processes += _tasks_of(means.uid)
    limits = {"nproc": processes, "nofile": bounds.files, "fsize": bounds.disk, "cpu": bounds.cpu}
    return [f"{name}={value}" for name, value in limits.items() if value is not None]


def _counts_per_wall(means: Means) -> bool:
    version = tuple(int(part) for part in platform.release().split(".")[:2] if part.isdecimal())
    return means.level is Level.BWRAP and version >= COUNTS_PER_NAMESPACE


def _tasks_of(uid: int) -> int:
    """Return how many processes and threads the user has now."""
    return sum(
        one.info["num_threads"] or 0
        for one in psutil.process_iter(["uids", "num_threads"])
        if one.info["uids"] and one.info["uids"].real == uid
    )


def _rules(wall: Wall) -> list[str]:
    readable = [*map(Path, OPEN_PATHS), *interpreter_folders(), *wall.readable]
    writable = [*map(Path, OPEN_DEVICES), *wall.writable]
    if wall.temporary is not None:
        writable.append(wall.temporary)
    return [
        *(f"read={path}" for path in readable if path.exists()),
        *(f"write={path}" for path in writable if path.exists()),
        *(() if wall.network else ("tcp=no",)),
    ]
