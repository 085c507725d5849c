"""Keep the code as shipped in `.lab/shipped/`: each file under its git blob id, and a manifest of the paths.

The first `lab up` keeps it. In a git work tree, tracked files are kept as HEAD has them, without uncommitted
edits; untracked files are kept as they are. Without git, all files are kept as they are.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePosixPath

from lab import git
from lab.catalog.unified_diff import blob_id
from lab.errors import EnvironmentFault, LabError, Refused
from lab.files import write_atomic
from lab.json_files import from_json, to_json
from lab.profile import profile_of
from lab.workspace import Workspace

MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class ShippedFile:
    """One shipped file: its path in the workspace, its blob id, and whether it is executable."""

    path: PurePosixPath
    blob: str
    executable: bool


def keep(workspace: Workspace) -> None:
    """Keep the shipped code, if none is kept yet. Raises EnvironmentFault if a file cannot be written."""
    manifest = workspace.shipped / MANIFEST
    if manifest.exists():
        return
    entries: dict[str, tuple[str, bool]] = {}
    # The committed files come last and win; files that git does not track are kept as they are.
    for path, content, executable in (*_current(workspace), *_committed(workspace)):
        name = blob_id(content)
        write_atomic(workspace.shipped / name, content)
        entries[str(path)] = (name, executable)
    # Written last: when there is a manifest, every blob in it is there too.
    write_atomic(manifest, to_json(entries).encode())


def files(workspace: Workspace) -> tuple[ShippedFile, ...]:
    """Return every shipped file. Raises EnvironmentFault if none was kept yet, or the manifest is damaged."""
    try:
        entries = from_json((workspace.shipped / MANIFEST).read_bytes(), dict[str, tuple[str, bool]])
    except FileNotFoundError as error:
        raise EnvironmentFault("No shipped code is kept yet.", "Keep it: lab up") from error
    except (OSError, ValueError) as error:
        remedy = (
            "Delete it: lab up makes it again, from what git has committed, else from the files as they are."
        )
        raise EnvironmentFault(f"{workspace.shipped / MANIFEST} cannot be read.", remedy) from error
    return tuple(ShippedFile(PurePosixPath(path), *entry) for path, entry in entries.items())


def content(workspace: Workspace, file: ShippedFile) -> bytes:
    """Return the content of a shipped file. Raises Refused if the kept copy is missing or damaged."""
    with suppress(OSError):
        found = (workspace.shipped / file.blob).read_bytes()
        if blob_id(found) == file.blob:
            return found
    remedy = "Nothing was changed. Take the file from a fresh copy of the lab."
    raise Refused(f"The kept copy of {file.path} is damaged.", remedy)


def code_paths(workspace: Workspace) -> tuple[str, ...]:
    """Return the folders and files that hold the code. Raises InvalidFile: lab.toml cannot be used."""
    profile = profile_of(workspace)
    return (*profile.folders, *profile.files)


def current_files(workspace: Workspace) -> Iterator[PurePosixPath]:
    """Yield the path in the workspace of every file in the shipped folders now, including added files."""
    for top in code_paths(workspace):
        path = workspace.root / top
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and "__pycache__" not in file.parts:
                yield PurePosixPath(file.relative_to(workspace.root).as_posix())


def _current(workspace: Workspace) -> Iterator[tuple[PurePosixPath, bytes, bool]]:
    for path in current_files(workspace):
        file = workspace.root / path
        yield path, file.read_bytes(), bool(file.stat().st_mode & 0o100)


def _committed(workspace: Workspace) -> Iterator[tuple[PurePosixPath, bytes, bool]]:
    """Yield the shipped files as HEAD has them; none if git does not track them."""
    try:
        entries = git.committed_files(workspace.root, *code_paths(workspace))
    except LabError:  # no git, or no repository
        return
    for entry in entries:
        text = _committed_text(workspace, entry)
        if text is not None:
            yield entry.path, text, entry.executable


def _committed_text(workspace: Workspace, entry: git.CommittedFile) -> bytes | None:
    file = workspace.root / entry.path
    if file.is_file() and blob_id(present := file.read_bytes()) == entry.blob:
        return present
    return git.read_blob(workspace.root, entry.blob)
