"""What one walled process may see and use up."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lab.sandbox.level import Means

CODE = Path("/lab")
"""Where a walled process finds the candidate's code: the working folder of the containers."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one wall may use up; None for no bound.

    `processes` counts threads too, for the whole wall. `files` are the open files of one process.
    `disk` is in bytes: the largest size of one file, and the size of /tmp, of /dev/shm and of each folder in
    `empty`. `cpu` is in seconds for one process, `seconds` is the time, `memory` the bytes that all processes
    have together, and `output` the bytes to write that a one-shot command has (`run`).
    """

    processes: int | None = 256
    files: int | None = 1024
    disk: int | None = 256 * 2**20
    cpu: int | None = None
    seconds: float = 120.0
    memory: int | None = 2 * 2**30
    output: int = 16 * 2**20


UNBOUNDED = Bounds(processes=None, files=None, disk=None, memory=None)
"""For trusted programs."""


@dataclass(frozen=True, slots=True)
class Wall:
    """What one walled process sees: the system's programs, this Python, and what is named here.

    `readable` and `writable` map a file or folder outside to its path inside, `empty` are new folders inside.
    `hidden` are folders below these, or below those of this Python, that are not seen: at level BWRAP only.
    `network`: it uses the caller's network, else it has its own, with loopback only. `environment` is all its
    variables, and `folder` its working folder, as a path outside that is part of `readable` or `writable`.

    `nests`: walls can be started inside. A trusted program in such a wall, with a network of its own, is a
    box: the walls that it starts with `network=True` share its loopback with it and nothing else.

    `temporary` is a folder that the caller made for this wall and deletes after it. Without namespaces, the
    process gets it as TMPDIR; with them it has a /tmp of its own.
    """

    readable: Mapping[Path, Path] = field(default_factory=dict)
    writable: Mapping[Path, Path] = field(default_factory=dict)
    empty: tuple[Path, ...] = ()
    hidden: tuple[Path, ...] = ()
    network: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None
    nests: bool = False
    temporary: Path | None = None

    def inside(self, path: Path, means: Means) -> Path:
        """Return where the walled process finds `path`: the same path where walls cannot move folders.

        A path that is in none of `readable` and `writable` is returned as it is.
        """
        if means.moves_paths:
            places = {**self.readable, **self.writable}
            for outside in (path, *path.parents):  # the innermost first
                if outside in places:
                    return places[outside] / path.relative_to(outside)
        return path


def interpreter_folders() -> tuple[Path, ...]:
    """Return the folders of this Python that are not below /usr: its environment and its base."""
    program, version = Path(sys.executable), f"{sys.version_info.major}.{sys.version_info.minor}"
    found = [Path(sys.prefix), Path(sys.base_prefix)]
    while program.is_symlink():  # the base may be a link to yet another folder
        program = program.parent / program.readlink()
        prefix = program.parent.parent
        if (prefix / "lib" / f"python{version}" / "os.py").exists():  # else it may be somebody's home folder
            found.append(prefix)
    return outermost(found)


def outermost(folders: Sequence[Path]) -> tuple[Path, ...]:
    """Return the folders that are neither below /usr nor below another one of them."""
    unique = {Path("/usr"), *folders} - {Path("/")}
    return tuple(
        folder
        for folder in dict.fromkeys(folders)
        if folder in unique - {Path("/usr")} and unique.isdisjoint(folder.parents)
    )
