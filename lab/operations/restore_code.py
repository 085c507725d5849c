"""Restore the shipped code, after saving the candidate's edits as a patch. `lab.shipped` keeps that code."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from lab import git, shipped
from lab.engine import journal
from lab.engine.verb import Verb
from lab.errors import EnvironmentFault, LabError, Refused
from lab.files import write_atomic
from lab.json_files import from_json, to_json
from lab.progress import Progress, Update
from lab.source_files import SourceFile
from lab.workspace import Workspace

Originals = Mapping[PurePosixPath, SourceFile]
"""The files that the current ones are compared with, by their paths in the workspace."""


@dataclass(frozen=True, slots=True)
class RestoredCode:
    """The files that were restored, and the patch with the edits; None if no file was edited."""

    changed: tuple[PurePosixPath, ...]
    patch: Path | None

    @property
    def saved_note(self) -> str:
        """A sentence for messages: where the edits are. Empty if no file was edited."""
        return f"The edits are kept in {self.patch}." if self.patch else ""


@dataclass(frozen=True, slots=True)
class Renewal:
    """A renewal that has begun: where the edits are that it saved; None if there were none."""

    patch: Path | None


def restore_code(workspace: Workspace, progress: Progress) -> RestoredCode:
    """Save all edits as one patch for `git apply`, then restore every shipped file.

    Files that the candidate added to the shipped folders are saved in the patch and removed.

    Raises:
        EnvironmentFault: no shipped code was kept, or a file cannot be written. Some files may be restored
            then; every edit is in the patch.
        Refused: a kept file is damaged. Nothing was changed.
    """
    saved = save_edits(workspace)
    _put_back(workspace, _shipped(workspace), saved, progress, again="lab reset --code")
    workspace.renewal.unlink(missing_ok=True)
    return saved


def save_for_renewal(workspace: Workspace) -> Path | None:
    """Save all edits before `put_library_code`. Return the patch; None if nothing was edited.

    If an earlier renewal was interrupted, the patch is the one that it saved, and what differs from the
    library's code now is saved in one more. If what is kept as shipped is damaged, everything that differs
    from the library's code counts as edited. Raises as `save_edits`.
    """
    found = interrupted_renewal(workspace)
    if found is not None:
        later = _save(workspace, shipped.source(workspace))
        return found.patch or later.patch
    patch = _save_all(workspace)
    write_atomic(workspace.renewal, to_json(Renewal(patch)).encode())
    return patch


def _save_all(workspace: Workspace) -> Path | None:
    """Save what differs from the code that is kept as shipped; if that is damaged, from the library's."""
    try:
        return save_edits(workspace).patch
    except (EnvironmentFault, Refused):
        return _save(workspace, shipped.source(workspace)).patch


def interrupted_renewal(workspace: Workspace) -> Renewal | None:
    """Return the renewal that has begun and is not finished, if there is one."""
    try:
        return from_json(workspace.renewal.read_bytes(), Renewal)
    except (OSError, ValueError):
        return None


def put_library_code(workspace: Workspace, patch: Path | None, progress: Progress) -> RestoredCode:
    """Put the library's code in place of the workspace's. Raises as `restore_code`.

    What is kept as shipped stays as it is: until `finish_renewal`, the workspace counts as outdated.
    """
    originals = shipped.source(workspace)
    renewed = RestoredCode(_changed(workspace, originals), patch)
    _save_all(workspace)  # the lab was stopped since, which takes seconds: a file may have been edited
    _put_back(workspace, originals, renewed, progress, again=shipped.RENEW)
    return renewed


def finish_renewal(workspace: Workspace) -> None:
    """Keep the library's code as shipped."""
    shipped.replace(workspace)
    workspace.renewal.unlink(missing_ok=True)


def save_edits(workspace: Workspace) -> RestoredCode:
    """Save all edits of the shipped code as one patch for `git apply`. No file is changed.

    If the last patch that was saved has just these edits, it is used.

    Raises:
        EnvironmentFault: no shipped code was kept, or a file cannot be read or written.
        Refused: a kept file is damaged.
    """
    return _save(workspace, _shipped(workspace))


def _save(workspace: Workspace, originals: Originals) -> RestoredCode:
    changed = _changed(workspace, originals)
    if not changed:
        return RestoredCode((), None)
    edits = _difference(workspace, originals, changed)
    last = max(workspace.saved.glob("*.patch"), default=None)
    if last is not None and last.read_bytes() == edits:
        return RestoredCode(changed, last)
    now = time.time_ns()
    second = time.strftime("%Y%m%d-%H%M%S", time.localtime(now // 10**9))
    patch = workspace.saved / f"{second}-{now // 1000 % 10**6:06d}.patch"  # the last one sorts last
    write_atomic(patch, edits)
    return RestoredCode(changed, patch)


def record_reverted(workspace: Workspace) -> None:
    """Record that no fix is applied any more, and end an interrupted change: its parts are reverted too."""
    reverted = tuple(sorted(journal.applied_by_lab(workspace)))
    if reverted or journal.read(workspace):
        at = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
        journal.close_entry(workspace, journal.Event(str(Verb.REVERT), reverted, at, 0.0, ()))


def _shipped(workspace: Workspace) -> Originals:
    return {
        file.path: SourceFile(shipped.content(workspace, file), file.executable)
        for file in shipped.files(workspace)
    }


def _changed(workspace: Workspace, originals: Originals) -> tuple[PurePosixPath, ...]:
    """Return the paths whose file differs from the original, was added or is missing."""
    paths = sorted({*originals, *shipped.current_files(workspace)})
    return tuple(path for path in paths if _current(workspace, path) != originals.get(path))


def _put_back(
    workspace: Workspace, originals: Originals, saved: RestoredCode, progress: Progress, again: str
) -> None:
    """Restore the changed files. An error says where the edits are, and to run the command `again`."""
    if not saved.changed:
        return
    try:
        progress(Update("Putting the shipped code into the workspace"))
        _restore(workspace, originals, saved.changed)
    except KeyboardInterrupt as pressed:
        pressed.add_note(f"The shipped code is back in part: {again}. {saved.saved_note}".rstrip())
        raise
    except (LabError, OSError) as error:
        reason = str(error).rstrip(".")
        raise EnvironmentFault(
            f"Not all of the shipped code could be restored: {reason}. {saved.saved_note}".rstrip(),
            f"When the cause is gone, run again: {again}",
        ) from error


def _restore(workspace: Workspace, originals: Originals, changed: Iterable[PurePosixPath]) -> None:
    # Remove added files first: one can be where a shipped folder belongs.
    for path in (path for path in changed if path not in originals):
        (workspace.root / path).unlink()
    for path in (path for path in changed if path in originals):
        _make_room(workspace.root, path)
        mode = 0o755 if originals[path].executable else 0o644
        write_atomic(workspace.root / path, originals[path].content, mode=mode)


def _make_room(root: Path, path: PurePosixPath) -> None:
    """Remove what is in the place of the file and of its parent folders. The patch has saved it."""
    for folder in reversed(path.parents[:-1]):
        if (root / folder).is_symlink():
            (root / folder).unlink()
    target = root / path
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)


def _current(workspace: Workspace, path: PurePosixPath) -> SourceFile | None:
    """Return the file's current state; None if there is none, or a folder above it is a link."""
    file = workspace.root / path
    if any((workspace.root / part).is_symlink() for part in path.parents):
        return None
    if file.is_symlink():
        return SourceFile(os.fsencode(file.readlink()), is_link=True)
    if not file.is_file():
        return None
    return SourceFile(file.read_bytes(), bool(file.stat().st_mode & 0o100))


def _difference(workspace: Workspace, originals: Originals, changed: Iterable[PurePosixPath]) -> bytes:
    """Return the patch from the shipped files to the current ones, made by git outside any repository."""
    with tempfile.TemporaryDirectory(prefix="lab-edits-") as scratch:
        for side in "ab":
            (Path(scratch) / side).mkdir()
        for path in changed:
            for side, state in (("a", originals.get(path)), ("b", _current(workspace, path))):
                if state is not None:
                    copy = Path(scratch) / side / path
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    if state.is_link:
                        copy.symlink_to(os.fsdecode(state.content))
                        continue
                    copy.write_bytes(state.content)
                    copy.chmod(0o755 if state.executable else 0o644)
        return git.diff_folders(Path(scratch), "a", "b")
