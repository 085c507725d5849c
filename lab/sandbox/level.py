"""The levels of protection, and what each of them does not promise."""

import enum
from dataclasses import dataclass
from pathlib import Path


class Level(enum.StrEnum):
    """How strongly a walled process is kept apart, the strongest first."""

    BWRAP = "bwrap"
    """Namespaces of its own, made by bubblewrap; as root also another user."""

    OTHER_USER = "other-user+landlock"
    """Root only: another user, and Landlock."""

    LANDLOCK = "landlock"
    """The caller's own user, and Landlock."""

    NONE = "none"
    """Limits of resources only."""

    def is_weaker_than(self, other: "Level") -> bool:
        levels = list(Level)
        return levels.index(self) > levels.index(other)


@dataclass(frozen=True, slots=True)
class Means:
    """What this machine can do.

    `bwrap` is the program, and `bwrap_files` the file or folder with all of it; None below level BWRAP.
    `uid` is the user of the walled processes as the machine sees it: files in a `writable` folder of a wall
    must belong to it. `switches_user`: the caller is root, and the words change to that user. `proc`: a wall
    has a /proc, with its own processes only. `better` says how to get a better level; empty at the best.
    """

    level: Level
    uid: int
    bwrap: Path | None = None
    bwrap_files: Path | None = None
    switches_user: bool = False
    proc: bool = True
    better: str = ""

    @property
    def moves_paths(self) -> bool:
        """Whether a wall can show a folder at another path than its own."""
        return self.level is Level.BWRAP


_ALWAYS = (
    "A fault of the kernel itself can be used: system calls are not filtered.",
    "The bounds are those of one wall, not of all walls together.",
    "Memory is not bounded here. Files in memory (/tmp, memfd_create) do not count as a process's memory.",
)
_LANDLOCK = (
    "A process that it left behind goes on after the kill.",
    "The pids of other processes can be found by trying. Before Linux 6.12 (Landlock ABI 6) signals can be "
    "sent to processes of the same user.",
    "The network cannot be limited to this machine: it is open, or (since Linux 6.7) TCP is refused as a "
    "whole. UDP is open.",
    "User namespaces can be made, which reach more of the kernel.",
    "The names and sizes of files outside can be found by trying, though not their content.",
    "Nothing limits the disk space in a writable folder but the largest size of one file.",
    "Folders have the paths that they have outside.",
)
UNPROMISED = {
    Level.BWRAP: (
        "With the network of the machine, every port of the machine and the outside can be reached; before "
        "Linux 6.12 also sockets without a path, such as those of X11 and D-Bus.",
        "Walls in one box have one loopback: a port or an abstract socket can serve as a lock between them.",
        "Nothing limits the disk space in a writable folder but the largest size of one file, nor the number "
        "of files in /tmp.",
        *_ALWAYS,
    ),
    Level.OTHER_USER: (*_LANDLOCK, *_ALWAYS),
    Level.LANDLOCK: (
        "The modes, owners and times of all files of the caller can be changed, though not their content.",
        *_LANDLOCK,
        *_ALWAYS,
    ),
    Level.NONE: (
        "Everything that the caller may read, write, end or connect to is open: only processes, open files, "
        "file sizes and time are bounded.",
        "A process that it left behind goes on after the kill.",
    ),
}
