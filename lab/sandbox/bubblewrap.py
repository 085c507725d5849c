"""The words that start a command in namespaces of its own, by bubblewrap 0.8 or newer.

https://github.com/containers/bubblewrap/blob/main/bwrap.xml describes the options.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lab.sandbox.level import Means
from lab.sandbox.wall import Bounds, Wall, interpreter_folders, outermost

SYSTEM_FOLDERS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
SYSTEM_FILES = ("passwd", "group", "hosts", "nsswitch.conf", "ld.so.cache", "localtime")
"""In /etc; all of them readable by every user. Without hosts, `localhost` has no address."""

STAGE = Path("/stage")
ENTER_INSIDE = Path("/run/enter.py")
NAMESPACES = (
    "--unshare-pid",
    "--unshare-ipc",
    "--unshare-uts",
    "--unshare-cgroup-try",
    "--die-with-parent",
)


@dataclass(frozen=True, slots=True)
class Mount:
    source: Path
    target: Path
    writable: bool = False

    def words(self, source: Path) -> tuple[str, ...]:
        return ("--bind" if self.writable else "--ro-bind", str(source), str(self.target))


def words(means: Means, wall: Wall, bounds: Bounds, enter: Path) -> list[str]:
    """Return the words to put before a command. They make the program `enter` visible at ENTER_INSIDE.

    As root, a first bwrap opens the paths that only root can open, and changes to the user `means.uid`. As
    that user, a second one makes the wall. Root in a user namespace is not enough: it is still the owner of
    root's files, such as those in /proc/sys.
    """
    mounts = [*_mounts(wall, means), Mount(enter, ENTER_INSIDE)]
    if not means.switches_user:
        sources = [mount.source for mount in mounts]
        return [str(means.bwrap), *_wall(means, wall, bounds, mounts, sources)]
    sources = [STAGE / str(number) for number in range(len(mounts))]
    return [
        *_stage(means, mounts, sources),
        str(_program(means, mounts, sources)),
        *_wall(means, wall, bounds, mounts, sources),
    ]


def _mounts(wall: Wall, means: Means) -> Iterator[Mount]:
    own = list(interpreter_folders())
    if means.bwrap_files is not None and (means.switches_user or wall.nests):
        own.append(means.bwrap_files)
    yield from (Mount(folder, folder) for folder in outermost(own))
    yield from (Mount(*both) for both in wall.readable.items())
    yield from (Mount(*both, writable=True) for both in wall.writable.items())


def _program(means: Means, mounts: list[Mount], sources: list[Path]) -> Path:
    """Return the path of bwrap for the second one, which finds it where the first has put it."""
    assert means.bwrap is not None
    for mount, source in zip(mounts, sources, strict=True):
        if mount.source in (means.bwrap, *means.bwrap.parents):
            return source / means.bwrap.relative_to(mount.source)
    return means.bwrap


def _system() -> Iterator[str]:
    yield from ("--ro-bind", "/usr", "/usr")
    for name in SYSTEM_FOLDERS:
        path = Path("/", name)
        if path.is_symlink():
            yield from ("--symlink", str(path.readlink()), str(path))
        elif path.is_dir():
            yield from ("--ro-bind", str(path), str(path))
    yield from ("--perms", "0755", "--dir", "/etc")
    for name in SYSTEM_FILES:
        path = Path("/etc", name)
        if path.exists():
            yield from ("--ro-bind", str(path), str(path))


def _stage(means: Means, mounts: list[Mount], sources: list[Path]) -> Iterator[str]:
    """Keep the whole /proc: only then does the kernel let the second bwrap mount a new one.

    The paths are bound below one folder, since folders that bwrap makes are open to their owner only.
    """
    yield from (str(means.bwrap), *_system(), "--perms", "0755", "--dir", str(STAGE))
    for mount, source in zip(mounts, sources, strict=True):
        yield from Mount(mount.source, source, mount.writable).words(mount.source)
    yield from ("--dev", "/dev", "--bind", "/proc", "/proc", "--dir", "/tmp")  # bwrap itself needs /tmp
    yield from ("--unshare-pid", "--die-with-parent", "--chdir", "/")
    yield from ("--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--")
    yield from ("setpriv", f"--reuid={means.uid}", f"--regid={means.uid}", "--clear-groups", "--no-new-privs")
    yield "--"


def _wall(
    means: Means, wall: Wall, bounds: Bounds, mounts: list[Mount], sources: list[Path]
) -> Iterator[str]:
    yield from _empty(Path("/tmp"), bounds)  # first: it would hide what is bound below it
    yield from _system()
    yield from ("--dev", "/dev")
    yield from _empty(Path("/dev/shm"), bounds)
    yield from ("--proc", "/proc") if means.proc else ("--dir", "/proc")
    for folder in wall.empty:
        yield from _empty(folder, bounds)
    for mount, source in zip(mounts, sources, strict=True):
        yield from mount.words(source)
    for folder in wall.hidden:
        if any(mount.target in folder.parents for mount in mounts):
            yield from ("--perms", "0555", "--tmpfs", str(folder))
    yield from ("--remount-ro", "/dev", "--remount-ro", "/")
    yield from (*NAMESPACES, "--hostname", "lab", "--unshare-user", "--cap-drop", "ALL")
    if not wall.network:
        yield "--unshare-net"
    if not wall.nests:
        yield "--disable-userns"
    yield from ("--chdir", "/", "--")


def _empty(folder: Path, bounds: Bounds) -> tuple[str, ...]:
    size = () if bounds.disk is None else ("--size", str(max(bounds.disk, os.sysconf("SC_PAGE_SIZE"))))
    return ("--perms", "1777", *size, "--tmpfs", str(folder))
