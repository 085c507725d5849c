"""Read a workspace's files, and replace them so that a kill leaves the old bytes or the new, never others."""

import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from lab.errors import EnvironmentFault, Refused

ReadFile = Callable[[PurePosixPath], bytes | None]
"""The content of a file of the workspace; None when it is not there."""


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file before and after; None is no file. `mode` is for a file that is made."""

    path: PurePosixPath
    before: bytes | None
    after: bytes | None
    mode: int = 0o644


def read(root: Path, path: PurePosixPath) -> bytes | None:
    """The content of the file, or None when nothing is there.

    Raises:
        Refused: it is a link, a folder, or lies outside the workspace.
        EnvironmentFault: it cannot be read.
    """
    full = root / path
    if full.is_symlink() or not full.resolve().is_relative_to(root.resolve()):
        raise Refused(f"{path} is a symbolic link.", "Put the file itself in its place.")
    try:
        return full.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except IsADirectoryError as error:
        raise Refused(f"{path} is a folder.", "Move it out of the way.") from error
    except OSError as error:
        raise EnvironmentFault(
            f"{path} cannot be read: {error.strerror}.", "Check its permissions."
        ) from error


def replace(root: Path, change: FileChange, scratch: Path) -> None:
    """Put the new content in place of the old, in one step; the mode and the owner stay.

    Raises:
        Refused: the file holds neither: somebody edited it in the meantime.
        EnvironmentFault: it cannot be written.
    """
    full = root / change.path
    try:
        staged = None if change.after is None else _stage(full, change.after, change.mode, scratch)
        try:
            now = read(root, change.path)  # as late as can be: whoever edits it meanwhile must not lose that
            if now == change.before and now != change.after:
                _put(full, staged)
            elif now != change.after:
                raise Refused(
                    f"{change.path} was edited while the lab was at work.", "Save it, then try again."
                )
        finally:
            if staged is not None:
                staged.unlink(missing_ok=True)
    except OSError as error:
        raise EnvironmentFault(
            f"{change.path} cannot be written: {error.strerror}.",
            "Check the disk and the folder's permissions.",
        ) from error


def _stage(full: Path, content: bytes, mode: int, scratch: Path) -> Path:
    """The new content on disk; in `scratch` if that will do, where a kill leaves it in nobody's way."""
    full.parent.mkdir(parents=True, exist_ok=True)
    scratch.mkdir(parents=True, exist_ok=True)
    same_disk = scratch.stat().st_dev == full.parent.stat().st_dev
    descriptor, name = tempfile.mkstemp(prefix=f".{full.name}.", dir=scratch if same_disk else full.parent)
    with open(descriptor, "wb") as file:
        model = full.stat() if full.exists() else None
        os.fchmod(descriptor, mode if model is None else model.st_mode & 0o7777)
        owner = model or full.parent.stat()
        if (owner.st_uid, owner.st_gid) != (os.geteuid(), os.getegid()) and os.geteuid() == 0:
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    return Path(name)


def _put(full: Path, staged: Path | None) -> None:
    if staged is None:
        full.unlink()
        with suppress(OSError):  # others have files there
            full.parent.rmdir()
            return
    else:
        staged.replace(full)
    folder = os.open(full.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
