"""Put the shipped code back, after saving what the candidate made of it."""

import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from lab import git, shipped
from lab.errors import EnvironmentFault, LabError, Refused
from lab.files import write_atomic
from lab.workspace import Workspace


@dataclass(frozen=True, slots=True)
class RestoredCode:
    """The files put back, and where the edits are kept; no patch when there was nothing to save."""

    changed: tuple[PurePosixPath, ...]
    patch: Path | None

    @property
    def saved_note(self) -> str:
        """Where the edits are, for whatever is said next."""
        return f"The edits are kept in {self.patch}." if self.patch else ""


def restore_code(workspace: Workspace) -> RestoredCode:
    """Save every edit as one patch that `git apply` takes, then put each shipped file back.

    Files that the candidate added to the shipped folders are in the patch too, and are taken away.

    Raises:
        EnvironmentFault: the shipped code was not kept, or something cannot be written; nothing is lost.
        Refused: a kept file is damaged; nothing was touched.
    """
    originals: dict[PurePosixPath, tuple[bytes, bool]] = {}
    for file in shipped.files(workspace):
        text = shipped.content(workspace, file.blob)
        if text is None:
            raise Refused(
                f"The kept copy of {file.path} is damaged: the shipped code cannot be put back.",
                "Nothing was touched. Take the file from a fresh copy of the lab.",
            )
        originals[file.path] = (text, file.executable)
    changed = tuple(
        path
        for path in sorted({*originals, *shipped.current_files(workspace)})
        if _standing(workspace, path) != originals.get(path)
    )
    if not changed:
        return RestoredCode((), None)
    patch = workspace.saved / f"{time.strftime('%Y%m%d-%H%M%S')}-{time.time_ns() % 1_000_000:06d}.patch"
    write_atomic(patch, _difference(workspace, originals, changed))
    restored = RestoredCode(changed, patch)
    try:
        _put_back(workspace, originals, changed)
    except KeyboardInterrupt as pressed:
        pressed.add_note(f"The shipped code is back in part: lab reset --code. {restored.saved_note}")
        raise
    except (LabError, OSError) as error:
        raise EnvironmentFault(
            f"The shipped code could not be put back as a whole: {str(error).rstrip('.')}. "
            f"{restored.saved_note}",
            "When the cause is gone, run again: lab reset --code",
        ) from error
    return restored


def _put_back(
    workspace: Workspace,
    originals: dict[PurePosixPath, tuple[bytes, bool]],
    changed: tuple[PurePosixPath, ...],
) -> None:
    # What is in the way goes first: a shipped file may stand where a folder was made, or the other way round.
    for path in changed:
        if path not in originals:
            (workspace.root / path).unlink()
    for path in changed:
        if path in originals:
            _clear_the_way(workspace.root, path)
            text, executable = originals[path]
            write_atomic(workspace.root / path, text, mode=0o755 if executable else 0o644)


def _clear_the_way(root: Path, path: PurePosixPath) -> None:
    """Take away what is not shipped and stands where the file, or a folder above it, belongs: it is saved."""
    for folder in reversed(path.parents[:-1]):
        if (root / folder).is_symlink():
            (root / folder).unlink()
    target = root / path
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)


def _standing(workspace: Workspace, path: PurePosixPath) -> tuple[bytes, bool] | None:
    file = workspace.root / path
    is_link = any((workspace.root / part).is_symlink() for part in (path, *path.parents))
    if is_link or not file.is_file():
        return None
    return file.read_bytes(), bool(file.stat().st_mode & 0o100)


def _difference(
    workspace: Workspace,
    originals: dict[PurePosixPath, tuple[bytes, bool]],
    changed: tuple[PurePosixPath, ...],
) -> bytes:
    """The patch from the shipped files to the standing ones, made by git outside any repository."""
    with tempfile.TemporaryDirectory(prefix="lab-edits-") as scratch:
        for path in changed:
            for side, found in (("a", originals.get(path)), ("b", _standing(workspace, path))):
                if found is not None:
                    copy = Path(scratch) / side / path
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    copy.write_bytes(found[0])
                    copy.chmod(0o755 if found[1] else 0o644)
        for side in "ab":
            (Path(scratch) / side).mkdir(exist_ok=True)
        return git.diff_folders(Path(scratch), "a", "b")
