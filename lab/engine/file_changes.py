"""Read a workspace's files, and replace one only if its content is what the plan expects."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from lab.errors import EnvironmentFault, Refused
from lab.files import sync_folder, write_atomic

ReadFile = Callable[[PurePosixPath], bytes | None]
"""Returns the content of a file of the workspace, or None if there is no such file."""


@dataclass(frozen=True, slots=True)
class FileChange:
    """The content of one file before and after a change (None: no file), and the mode of a new file."""

    path: PurePosixPath
    before: bytes | None
    after: bytes | None
    mode: int = 0o644


def read(root: Path, path: PurePosixPath) -> bytes | None:
    """Return the content of the file, or None if it does not exist.

    Raises:
        Refused: it is a symbolic link or a folder, or a parent folder is a link out of the workspace.
        EnvironmentFault: it cannot be read.
    """
    full = root / path
    if full.is_symlink() or not full.resolve().is_relative_to(root.resolve()):
        raise Refused(
            f"{path} is a symbolic link, or a folder above it leads out of the workspace.",
            "Replace the link by the file or folder itself.",
        )
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
    """Replace the file's old content by the new one, in one step. Do nothing if the new content is there.

    If the new content is None, delete the file, then its folder if that is empty. `scratch` is the folder
    for a temporary file.

    Raises:
        Refused: the file has neither content: it was edited since the plan was made. Or `read` refuses it.
        EnvironmentFault: the file cannot be read, written or deleted.
    """

    def check() -> None:
        if read(root, change.path) != change.before:
            raise Refused(
                f"{change.path} was edited while lab was changing it. Your edit is kept.",
                "When you have finished editing, try again.",
            )

    if read(root, change.path) == change.after:
        return
    full = root / change.path
    if change.after is not None:
        mode = change.mode if change.before is None else None
        write_atomic(full, change.after, mode=mode, scratch=scratch, check=check)
    else:
        check()
        _delete(full)


def _delete(full: Path) -> None:
    try:
        full.unlink()
        try:
            full.parent.rmdir()
        except OSError:  # other files are in the folder
            sync_folder(full.parent)
    except OSError as error:
        raise EnvironmentFault(
            f"{full} cannot be deleted: {error.strerror}.", "Check the folder's permissions."
        ) from error
