"""Write files so that a crash leaves either the old content or the new; change the owner of a folder."""

import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from lab.errors import EnvironmentFault

TEMPORARY = re.compile(r"\..+\.[a-z0-9_]{8}")
"""The name of a temporary file, as tempfile makes it for `write_atomic`."""


def write_atomic(
    path: Path,
    content: bytes,
    *,
    mode: int | None = None,
    scratch: Path | None = None,
    check: Callable[[], None] | None = None,
) -> None:
    """Replace the file at `path` with `content` in one step, and flush it to the disk.

    Missing folders are made. `mode` is the file's mode; by default an existing file keeps its own and a new
    one gets 0o644. If root writes, an existing file keeps its owner and a new one gets the owner of its
    folder. `scratch` is the folder for the temporary file; if it is on another disk, the file's own folder is
    used. `check` is called just before the replacement. If it raises, the old content stays, and the caller
    gets its exception (an OSError as EnvironmentFault).

    Raises:
        EnvironmentFault: the file cannot be written. The old content stays, unless only the last flush of
            the folder failed.
    """
    try:
        staged = _stage(path, content, mode, scratch)
        try:
            if check is not None:
                check()
            staged.replace(path)
        finally:
            staged.unlink(missing_ok=True)
        sync_folder(path.parent)
    except OSError as error:
        problem = f"{path} cannot be written: {error.strerror}."
        raise EnvironmentFault(problem, "Check the disk and the folder's permissions.") from error


def delete_temporary_files(folder: Path) -> None:
    """Delete what a process left that was killed in `write_atomic`. No other process may write there."""
    for path in folder.glob(".*"):
        if TEMPORARY.fullmatch(path.name) and not path.is_dir():
            path.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Flush the folder's entries, for example a rename, to the disk. Raises OSError if that fails."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _stage(path: Path, content: bytes, mode: int | None, scratch: Path | None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = path.parent
    if scratch is not None:
        scratch.mkdir(parents=True, exist_ok=True)
        if scratch.stat().st_dev == folder.stat().st_dev:
            folder = scratch
    existing = path.stat() if path.exists() else None
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=folder)
    try:
        with open(descriptor, "wb") as file:
            if mode is None:
                mode = 0o644 if existing is None else existing.st_mode & 0o7777
            os.fchmod(descriptor, mode)
            owner = existing or path.parent.stat()
            if os.geteuid() == 0 and (owner.st_uid, owner.st_gid) != (0, os.getegid()):
                os.fchown(descriptor, owner.st_uid, owner.st_gid)
            file.write(content)
            file.flush()
            os.fsync(descriptor)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return Path(name)


def change_owner(folder: Path, uid: int) -> None:
    """Make this user, and the group of the same number, the owner of the folder and of all that is in it.

    Links are not followed.

    Raises OSError.
    """
    for path in (folder, *folder.rglob("*")):
        os.chown(path, uid, uid, follow_symlinks=False)
