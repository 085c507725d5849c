"""The code as shipped, kept in `.lab/shipped/` by the first `lab up`: blobs by git's id, and their paths.

What git has committed counts as shipped where the workspace is a git work tree, so that an edit made before
the first `lab up` is not taken for shipped; elsewhere the files as they stand.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from lab import git
from lab.catalog.unified_diff import blob_id
from lab.errors import EnvironmentFault, LabError
from lab.files import write_atomic
from lab.workspace import Workspace

FOLDERS = ("app", "compose", "migrations", "seed")
FILES = ("alembic.ini",)
MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class ShippedFile:
    """One file as shipped: its blob's id and whether it may be executed."""

    path: PurePosixPath
    blob: str
    executable: bool


def keep(workspace: Workspace) -> None:
    """Keep the shipped code, once: a manifest that is there already is left alone.

    Raises:
        EnvironmentFault: the folder cannot be written.
    """
    manifest = workspace.shipped / MANIFEST
    if manifest.exists():
        return
    entries: dict[str, tuple[str, bool]] = {}
    # What git tracks counts as committed, the rest of the folders as it stands.
    for path, content, executable in (*_standing(workspace), *_committed(workspace)):
        name = blob_id(content)
        write_atomic(workspace.shipped / name, content)
        entries[str(path)] = (name, executable)
    # The manifest comes last: it says that every blob it names is there.
    write_atomic(manifest, json.dumps(entries, indent=1).encode())


def files(workspace: Workspace) -> tuple[ShippedFile, ...]:
    """Every shipped file.

    Raises:
        EnvironmentFault: nothing was kept yet, or it cannot be read.
    """
    try:
        entries = json.loads((workspace.shipped / MANIFEST).read_bytes())
        return tuple(
            ShippedFile(PurePosixPath(path), blob, executable) for path, (blob, executable) in entries.items()
        )
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise EnvironmentFault("The shipped code was not kept.", "The first lab up keeps it.") from error


def content(workspace: Workspace, blob: str) -> bytes | None:
    """A kept blob; None when it is not there or is not what its name says."""
    try:
        found = (workspace.shipped / blob).read_bytes()
    except OSError:
        return None
    return found if blob_id(found) == blob else None


def current_files(workspace: Workspace) -> Iterator[PurePosixPath]:
    """Every file that stands in the shipped folders now, the candidate's own among them."""
    for top in (*FOLDERS, *FILES):
        path = workspace.root / top
        found = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in found:
            if file.is_file() and "__pycache__" not in file.parts:
                yield PurePosixPath(file.relative_to(workspace.root).as_posix())


def _standing(workspace: Workspace) -> list[tuple[PurePosixPath, bytes, bool]]:
    return [
        (path, (workspace.root / path).read_bytes(), bool((workspace.root / path).stat().st_mode & 0o100))
        for path in current_files(workspace)
    ]


def _committed(workspace: Workspace) -> list[tuple[PurePosixPath, bytes, bool]]:
    """The shipped folders as HEAD has them; empty where git does not track them."""
    try:
        entries = git.committed_files(workspace.root, *FOLDERS, *FILES)
    except LabError:  # no git here
        return []
    texts = [(entry, _committed_text(workspace, entry)) for entry in entries]
    return [(entry.path, text, entry.executable) for entry, text in texts if text is not None]


def _committed_text(workspace: Workspace, entry: git.CommittedFile) -> bytes | None:
    file = workspace.root / entry.path
    if file.is_file() and blob_id(standing := file.read_bytes()) == entry.blob:
        return standing
    return git.read_blob(workspace.root, entry.blob)
