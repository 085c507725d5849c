"""Restore the shipped code, after saving the candidate's edits as a patch. `lab.shipped` keeps that code."""

import shutil
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from lab import git, shipped
from lab.errors import EnvironmentFault, LabError
from lab.files import write_atomic
from lab.progress import Progress, Update
from lab.workspace import Workspace

FileState = tuple[bytes, bool]
"""The content of a file, and whether it is executable."""


@dataclass(frozen=True, slots=True)
class RestoredCode:
    """The files that were restored, and the patch with the edits; None if no file was edited."""

    changed: tuple[PurePosixPath, ...]
    patch: Path | None

    @property
    def saved_note(self) -> str:
        """A sentence for messages: where the edits are. Empty if no file was edited."""
        return f"The edits are kept in {self.patch}." if self.patch else ""


def restore_code(workspace: Workspace, progress: Progress) -> RestoredCode:
    """Save all edits as one patch for `git apply`, then restore every shipped file.

    Files that the candidate added to the shipped folders are saved in the patch and removed.

    Raises:
        EnvironmentFault: no shipped code was kept, or a file cannot be written. Some files may be restored
            then; every edit is in the patch.
        Refused: a kept file is damaged. Nothing was changed.
    """
    files = shipped.files(workspace)
    originals = {file.path: (shipped.content(workspace, file), file.executable) for file in files}
    changed = tuple(
        path
        for path in sorted({*originals, *shipped.current_files(workspace)})
        if _current(workspace, path) != originals.get(path)
    )
    if not changed:
        return RestoredCode((), None)
    patch = workspace.saved / f"{time.strftime('%Y%m%d-%H%M%S')}-{time.time_ns() % 1_000_000:06d}.patch"
    write_atomic(patch, _difference(workspace, originals, changed))
    restored = RestoredCode(changed, patch)
    try:
        progress(Update("Restoring the shipped code"))
        _restore(workspace, originals, changed)
    except KeyboardInterrupt as pressed:
        pressed.add_note(f"The shipped code is back in part: lab reset --code. {restored.saved_note}")
        raise
    except (LabError, OSError) as error:
        reason = str(error).rstrip(".")
        raise EnvironmentFault(
            f"Not all of the shipped code could be restored: {reason}. {restored.saved_note}",
            "When the cause is gone, run again: lab reset --code",
        ) from error
    return restored


def _restore(
    workspace: Workspace, originals: Mapping[PurePosixPath, FileState], changed: Iterable[PurePosixPath]
) -> None:
    # Remove added files first: one can be where a shipped folder belongs.
    for path in (path for path in changed if path not in originals):
        (workspace.root / path).unlink()
    for path in (path for path in changed if path in originals):
        _make_room(workspace.root, path)
        content, executable = originals[path]
        write_atomic(workspace.root / path, content, mode=0o755 if executable else 0o644)


def _make_room(root: Path, path: PurePosixPath) -> None:
    """Remove what is in the place of the file and of its parent folders. The patch has saved it."""
    for folder in reversed(path.parents[:-1]):
        if (root / folder).is_symlink():
            (root / folder).unlink()
    target = root / path
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)


def _current(workspace: Workspace, path: PurePosixPath) -> FileState | None:
    """Return the file's current state; None if there is none, or it is reached through a link."""
    file = workspace.root / path
    is_link = any((workspace.root / part).is_symlink() for part in (path, *path.parents))
    if is_link or not file.is_file():
        return None
    return file.read_bytes(), bool(file.stat().st_mode & 0o100)


def _difference(
    workspace: Workspace, originals: Mapping[PurePosixPath, FileState], changed: Iterable[PurePosixPath]
) -> bytes:
    """Return the patch from the shipped files to the current ones, made by git outside any repository."""
    with tempfile.TemporaryDirectory(prefix="lab-edits-") as scratch:
        for side in "ab":
            (Path(scratch) / side).mkdir()
        for path in changed:
            for side, state in (("a", originals.get(path)), ("b", _current(workspace, path))):
                if state is not None:
                    copy = Path(scratch) / side / path
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    copy.write_bytes(state[0])
                    copy.chmod(0o755 if state[1] else 0o644)
        return git.diff_folders(Path(scratch), "a", "b")
