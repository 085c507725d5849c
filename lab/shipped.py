"""Keep the code as shipped in `.lab/shipped/`: each file under its git blob id, and a manifest of the paths.

The code comes from the library. It is what git has committed, whole, so that uncommitted edits are not taken
for shipped; or, where git has not committed all of it, the files as they are, whole.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from lab import __version__, git
from lab.catalog.unified_diff import InvalidDiff, blob_id, parse
from lab.errors import EnvironmentFault, LabError, Refused
from lab.files import write_atomic
from lab.json_files import from_json, to_json
from lab.library import Library
from lab.profile import profile_of, read_profile
from lab.workspace import Workspace

MANIFEST = "manifest.json"
UNKNOWN_VERSION = "an earlier version"
RENEW = "Start again with the code of this version: lab up --renew"


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of the code: its content, and whether it is executable."""

    content: bytes
    executable: bool = False


@dataclass(frozen=True, slots=True)
class ShippedFile:
    """One shipped file: its path in the workspace, its blob id, and whether it is executable."""

    path: PurePosixPath
    blob: str
    executable: bool


@dataclass(frozen=True, slots=True)
class _Manifest:
    """The blob id of each file by its path, whether it is executable, and the version of lab that kept it."""

    files: dict[str, tuple[str, bool]]
    version: str


def keep(workspace: Workspace) -> str:
    """Keep the shipped code if none is kept, or renew what is kept. Return a sentence if it was renewed.

    It is renewed if it is damaged; and, in a workspace that is its own library, if the library's patches were
    not made from it but from what git has committed now. With another library, see `is_outdated`.

    Raises:
        EnvironmentFault: a file cannot be read or written.
        Refused: what is kept is damaged, and what is here now is not the code as shipped.
    """
    if not (workspace.shipped / MANIFEST).exists():
        renew(workspace)
        return ""
    try:
        kept = _read_manifest(workspace)
        if all(_is_kept(workspace, blob) for blob, _ in kept.files.values()):
            return _follow_library(workspace, kept)
    except ValueError:
        pass
    if _is_own_library(workspace) and not _fits(_blobs_of(_source(workspace)), workspace.library):
        raise Refused(
            f"The copy of the shipped code in {workspace.shipped} is damaged, and the code here was changed.",
            f"Nothing was changed. Restore the code with git, or from a fresh copy of the lab. {RENEW}",
        )
    renew(workspace)
    return "The copy of the shipped code was damaged: it is made again"


def is_outdated(workspace: Workspace) -> bool:
    """Whether the library ships other code than the workspace has kept. False if it has kept none.

    Always false in a workspace that is its own library. Raises as `files` and `keep`.
    """
    if _is_own_library(workspace) or not (workspace.shipped / MANIFEST).exists():
        return False
    kept = {file.path: (file.blob, file.executable) for file in files(workspace)}
    source = _source(workspace)
    return kept != {path: (blob_id(file.content), file.executable) for path, file in source.items()}


def renew(workspace: Workspace) -> None:
    """Keep the library's code as the shipped code, in place of what is kept. Raises EnvironmentFault."""
    found = _source(workspace)
    for file in found.values():
        write_atomic(workspace.shipped / blob_id(file.content), file.content)
    # Written last: when there is a manifest, every blob in it is there too.
    entries = {str(path): (blob_id(file.content), file.executable) for path, file in found.items()}
    write_atomic(workspace.shipped / MANIFEST, to_json(_Manifest(entries, __version__)).encode())


def kept_version(workspace: Workspace) -> str:
    """Return the version of lab that kept the code, or a phrase if that is not known."""
    with suppress(OSError, ValueError):
        return _read_manifest(workspace).version
    return UNKNOWN_VERSION


def files(workspace: Workspace) -> tuple[ShippedFile, ...]:
    """Return every shipped file. Raises EnvironmentFault if none was kept yet, or the manifest is damaged."""
    try:
        entries = _read_manifest(workspace).files
    except FileNotFoundError as error:
        raise EnvironmentFault("No shipped code is kept yet.", "Keep it: lab up") from error
    except (OSError, ValueError) as error:
        raise EnvironmentFault(
            f"{workspace.shipped / MANIFEST} cannot be read.", "Make it again: lab up"
        ) from error
    return tuple(ShippedFile(PurePosixPath(path), *entry) for path, entry in entries.items())


def content(workspace: Workspace, file: ShippedFile) -> bytes:
    """Return the content of a shipped file. Raises Refused if the kept copy is missing or damaged."""
    with suppress(OSError):
        found = (workspace.shipped / file.blob).read_bytes()
        if blob_id(found) == file.blob:
            return found
    raise Refused(f"The kept copy of {file.path} is damaged.", "Nothing was changed. Make it again: lab up")


def code_paths(workspace: Workspace) -> tuple[str, ...]:
    """Return the folders and files that hold the code. Raises InvalidFile: lab.toml cannot be used."""
    profile = profile_of(workspace)
    return (*profile.folders, *profile.files)


def current_files(workspace: Workspace) -> Iterator[PurePosixPath]:
    """Yield the path in the workspace of every file in the shipped folders now, including added files."""
    return _paths_below(workspace.root, code_paths(workspace))


def read_tree(root: Path, names: Sequence[str]) -> Mapping[PurePosixPath, SourceFile]:
    """Return the files of these folders and files below `root`, by their paths.

    They are as the last commit has them if it has all of the names, else as they are.

    Raises:
        OSError: one of the names is missing, or a file cannot be read.
    """
    committed = _committed(root, names)
    if committed is not None:
        return committed
    for name in names:
        (root / name).stat()  # raises if it is missing
    return {path: _present(root / path) for path in _paths_below(root, names)}


def _source(workspace: Workspace) -> Mapping[PurePosixPath, SourceFile]:
    library = workspace.library
    profile = read_profile(library.profile)
    try:
        return read_tree(library.root, (*profile.folders, *profile.files))
    except OSError as error:
        raise EnvironmentFault(
            f"The shipped code cannot be read: {error.strerror}: {error.filename}."
        ) from error


def _is_own_library(workspace: Workspace) -> bool:
    return workspace.library.root == workspace.root


def _read_manifest(workspace: Workspace) -> _Manifest:
    """Read the manifest, also that of an earlier version. Raises OSError or ValueError."""
    document = (workspace.shipped / MANIFEST).read_bytes()
    try:
        return from_json(document, _Manifest)
    except ValueError:
        return _Manifest(from_json(document, dict[str, tuple[str, bool]]), UNKNOWN_VERSION)


def _is_kept(workspace: Workspace, blob: str) -> bool:
    try:
        return blob_id((workspace.shipped / blob).read_bytes()) == blob
    except OSError:
        return False


def _follow_library(workspace: Workspace, kept: _Manifest) -> str:
    """Renew what a workspace keeps that is its own library, if that has another version now."""
    if not _is_own_library(workspace):
        return ""
    blobs = {PurePosixPath(path): blob for path, (blob, _) in kept.files.items()}
    if _fits(blobs, workspace.library) or not _fits(_blobs_of(_source(workspace)), workspace.library):
        return ""
    renew(workspace)
    return f"The copy of the shipped code was that of lab {kept.version}: it is made again"


def _fits(blobs: Mapping[PurePosixPath, str], library: Library) -> bool:
    """Whether the library's patches were made from files with these blob ids."""
    for patch in library.fixes.glob("*/code.patch"):
        with suppress(OSError, InvalidDiff):  # such a fix is not used
            if any(
                not diff.is_new and blobs.get(diff.path) != diff.old_blob
                for diff in parse(patch.read_bytes())
            ):
                return False
    return True


def _blobs_of(source: Mapping[PurePosixPath, SourceFile]) -> dict[PurePosixPath, str]:
    return {path: blob_id(file.content) for path, file in source.items()}


def _paths_below(root: Path, names: Sequence[str]) -> Iterator[PurePosixPath]:
    for name in names:
        top = root / name
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            if path.is_file() and "__pycache__" not in path.parts:
                yield PurePosixPath(path.relative_to(root).as_posix())


def _present(file: Path) -> SourceFile:
    return SourceFile(file.read_bytes(), bool(file.stat().st_mode & 0o100))


def _committed(root: Path, names: Sequence[str]) -> dict[PurePosixPath, SourceFile] | None:
    """Return the files as the last commit has them; None if it lacks one of the names, or there is no git."""
    found: dict[PurePosixPath, SourceFile] = {}
    try:
        for entry in git.committed_files(root, *names):
            if (text := _committed_text(root, entry)) is None:
                return None
            found[entry.path] = SourceFile(text, entry.executable)
    except LabError:  # no git, or no repository
        return None
    present = {str(part) for path in found for part in (path, *path.parents)}
    return found if present.issuperset(names) else None


def _committed_text(root: Path, entry: git.CommittedFile) -> bytes | None:
    file = root / entry.path
    if file.is_file() and blob_id(present := file.read_bytes()) == entry.blob:
        return present
    return git.read_blob(root, entry.blob)
