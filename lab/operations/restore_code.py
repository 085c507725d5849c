"""Restore the shipped code, after saving the candidate's edits as a patch. `lab.shipped` keeps that code."""

import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from lab import git, shipped
from lab.engine import journal
from lab.engine.verb import Verb
from lab.errors import EnvironmentFault, LabError
from lab.files import write_atomic
from lab.progress import Progress, Update
from lab.shipped import SourceFile
from lab.workspace import Workspace


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
    saved = save_edits(workspace)
    if saved.patch:
        _put_back(workspace, saved, progress, again="lab reset --code")
    return saved


def renew_code(workspace: Workspace, progress: Progress) -> RestoredCode:
    """Save all edits, keep the library's code as shipped and restore all of it. Raises as `restore_code`."""
    saved = save_edits(workspace)
    shipped.renew(workspace)
    changed = tuple(path for path, original in _compared(workspace) if _current(workspace, path) != original)
    renewed = RestoredCode(changed, saved.patch)
    if changed:
        _put_back(workspace, renewed, progress, again="lab up --renew")
    return renewed


def save_edits(workspace: Workspace) -> RestoredCode:
    """Save all edits of the shipped code as one patch for `git apply`. No file is changed.

    If the last patch that was saved has just these edits, it is used.

    Raises:
        EnvironmentFault: no shipped code was kept, or a file cannot be read or written.
        Refused: a kept file is damaged.
    """
    compared = dict(_compared(workspace))
    changed = tuple(path for path, original in compared.items() if _current(workspace, path) != original)
    if not changed:
        return RestoredCode((), None)
    edits = _difference(workspace, compared, changed)
    last = max(workspace.saved.glob("*.patch"), default=None)
    if last is not None and last.read_bytes() == edits:
        return RestoredCode(changed, last)
    patch = workspace.saved / f"{time.strftime('%Y%m%d-%H%M%S')}-{time.time_ns() % 1_000_000:06d}.patch"
    write_atomic(patch, edits)
    return RestoredCode(changed, patch)


def record_reverted(workspace: Workspace) -> None:
    """Record that no fix is applied any more, and end an interrupted change: its parts are reverted too."""
    reverted = tuple(sorted(journal.applied_by_lab(workspace)))
    if reverted or journal.read(workspace):
        at = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
        journal.close_entry(workspace, journal.Event(str(Verb.REVERT), reverted, at, 0.0, ()))


def _compared(workspace: Workspace) -> Iterator[tuple[PurePosixPath, SourceFile | None]]:
    """Yield each path that is shipped or is there, with its shipped state."""
    originals = {
        file.path: SourceFile(shipped.content(workspace, file), file.executable)
        for file in shipped.files(workspace)
    }
    for path in sorted({*originals, *shipped.current_files(workspace)}):
        yield path, originals.get(path)


def _put_back(workspace: Workspace, saved: RestoredCode, progress: Progress, again: str) -> None:
    """Restore the changed files. An error says where the edits are, and to run the command `again`."""
    originals = {path: original for path, original in _compared(workspace) if path in set(saved.changed)}
    try:
        progress(Update("Restoring the shipped code"))
        _restore(workspace, originals)
    except KeyboardInterrupt as pressed:
        pressed.add_note(f"The shipped code is back in part: {again}. {saved.saved_note}")
        raise
    except (LabError, OSError) as error:
        reason = str(error).rstrip(".")
        raise EnvironmentFault(
            f"Not all of the shipped code could be restored: {reason}. {saved.saved_note}",
            f"When the cause is gone, run again: {again}",
        ) from error


def _restore(workspace: Workspace, originals: Mapping[PurePosixPath, SourceFile | None]) -> None:
    # Remove added files first: one can be where a shipped folder belongs.
    for path in (path for path, original in originals.items() if original is None):
        (workspace.root / path).unlink()
    for path, original in originals.items():
        if original is not None:
            _make_room(workspace.root, path)
            mode = 0o755 if original.executable else 0o644
            write_atomic(workspace.root / path, original.content, mode=mode)


def _make_room(root: Path, path: PurePosixPath) -> None:
    """Remove what is in the place of the file and of its parent folders. The patch has saved it."""
    for folder in reversed(path.parents[:-1]):
        if (root / folder).is_symlink():
            (root / folder).unlink()
    target = root / path
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)


def _current(workspace: Workspace, path: PurePosixPath) -> SourceFile | None:
    """Return the file's current state; None if there is none, or it is reached through a link."""
    file = workspace.root / path
    is_link = any((workspace.root / part).is_symlink() for part in (path, *path.parents))
    if is_link or not file.is_file():
        return None
    return SourceFile(file.read_bytes(), bool(file.stat().st_mode & 0o100))


def _difference(
    workspace: Workspace,
    originals: Mapping[PurePosixPath, SourceFile | None],
    changed: Iterable[PurePosixPath],
) -> bytes:
    """Return the patch from the shipped files to the current ones, made by git outside any repository."""
    with tempfile.TemporaryDirectory(prefix="lab-edits-") as scratch:
        for side in "ab":
            (Path(scratch) / side).mkdir()
        for path in changed:
            for side, state in (("a", originals[path]), ("b", _current(workspace, path))):
                if state is not None:
                    copy = Path(scratch) / side / path
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    copy.write_bytes(state.content)
                    copy.chmod(0o755 if state.executable else 0o644)
        return git.diff_folders(Path(scratch), "a", "b")
