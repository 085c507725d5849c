"""Keep the code as shipped in `.lab/shipped/`: each file under its git blob id, and a manifest of the paths.

The code comes from the library: either all files as git has committed them, so that edits are not taken for
shipped, or, where git has not committed all of them, all files as they are.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath

from lab import __version__, handouts
from lab.catalog.unified_diff import InvalidDiff, blob_id, parse
from lab.errors import EnvironmentFault, Refused
from lab.files import write_atomic
from lab.json_files import from_json, to_json
from lab.library import Library
from lab.profile import profile_of, read_profile
from lab.source_files import SourceFile, blobs_of, paths_below, read_tree
from lab.workspace import Workspace

MANIFEST = "manifest.json"
UNKNOWN_VERSION = "an earlier version of lab"
RENEW = "lab up --renew"


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


def keep(workspace: Workspace, *, renew: bool = False) -> str:
    """Keep the shipped code if none is kept. Return a sentence if what was kept is replaced.

    In a workspace that is its own library, it is replaced if it is damaged, or if another version kept it or
    with `renew`, unless what is committed now does not fit the library's patches. See `is_current`.

    Raises:
        EnvironmentFault: a file cannot be read or written.
        Refused: what is kept is damaged, and cannot be replaced.
    """
    if not (workspace.shipped / MANIFEST).exists():
        replace(workspace)
        return ""
    own = _is_own_library(workspace)
    try:
        kept = _read_manifest(workspace)
        damaged = not all(_is_kept(workspace, blob) for blob, _ in kept.files.values())
    except (OSError, ValueError):
        damaged = True
    if not own:
        if damaged:
            raise Refused(
                f"The copy of the shipped code in {workspace.shipped} is damaged.",
                f"Rebuild the lab, with the edits saved as a patch: {RENEW}",
            )
        return ""
    if handouts.mark_of(workspace.root):  # what a candidate commits is not shipped
        if damaged:
            replace(workspace)
        return ""
    fits = _fits(blobs_of(source(workspace)), workspace.library)
    if damaged and not fits:
        raise Refused(
            f"The copy of the shipped code in {workspace.shipped} is damaged, and the code here was changed.",
            "Nothing was changed. Restore the code with git, or from a fresh copy of the lab.",
        )
    if damaged:
        replace(workspace)
        return "The copy of the shipped code was damaged. It was made again."
    blobs = {PurePosixPath(path): blob for path, (blob, _) in kept.files.items()}
    if not fits or is_current(workspace):
        return ""
    if renew or kept.version != f"lab {__version__}" or not _fits(blobs, workspace.library):
        replace(workspace)
        return "The library's code has changed. The copy of the shipped code was made again."
    return (
        "What git has committed here is not the code that is kept as shipped. If it is the code of a new"
        f" version, have it kept: {RENEW}"
    )


def is_current(workspace: Workspace) -> bool:
    """Return whether what is kept is whole, and is the library's code. Raises as `source`."""
    try:
        kept = _read_manifest(workspace).files
    except (OSError, ValueError):
        return False
    return kept == _entries(source(workspace)) and all(_is_kept(workspace, blob) for blob, _ in kept.values())


def replace(workspace: Workspace) -> None:
    """Keep the library's code, in place of what is kept.

    Raises as `source`, and EnvironmentFault if a file cannot be written.
    """
    found = source(workspace)
    for file in found.values():
        write_atomic(workspace.shipped / blob_id(file.content), file.content)
    # Written last: when there is a manifest, every blob in it is there too.
    entries = _entries(found)
    write_atomic(workspace.shipped / MANIFEST, to_json(_Manifest(entries, f"lab {__version__}")).encode())


def kept_version(workspace: Workspace) -> str:
    """Return which version kept the code, such as `lab 1.2.3`, or a phrase if that is not known."""
    with suppress(OSError, ValueError):
        return _read_manifest(workspace).version
    return UNKNOWN_VERSION


def source(workspace: Workspace) -> Mapping[PurePosixPath, SourceFile]:
    """Return the library's code, by its paths in a workspace.

    Raises:
        InvalidFile: its lab.toml cannot be used.
        EnvironmentFault: a file cannot be read.
    """
    library = workspace.library
    profile = read_profile(library.profile)
    try:
        return read_tree(library.root, (*profile.folders, *profile.files))
    except OSError as error:
        reason = f"{error.strerror}: {error.filename}"
        raise EnvironmentFault(f"The shipped code cannot be read: {reason}.") from error


def digest(workspace: Workspace, *, without: str = "") -> str:
    """Return the SHA-256 of the shipped code's paths and contents, without those in the folder `without`.

    It is the library's code; in a workspace that is its own library, what is kept. Raises as `source`.
    """
    if _is_own_library(workspace) and (workspace.shipped / MANIFEST).exists():
        entries = {str(file.path): (file.blob, file.executable) for file in files(workspace)}
    else:
        entries = _entries(source(workspace))
    chosen = sorted(entry for entry in entries.items() if not entry[0].startswith(f"{without}/"))
    return sha256(to_json(chosen).encode()).hexdigest()


def write_to(workspace: Workspace, folder: Path) -> None:
    """Write every shipped file to the folder. Raises Refused: a kept file is missing or damaged."""
    for file in files(workspace):
        write_atomic(folder / file.path, content(workspace, file), mode=0o755 if file.executable else 0o644)


def files(workspace: Workspace) -> tuple[ShippedFile, ...]:
    """Return every shipped file. Raises EnvironmentFault if none was kept yet, or the manifest is damaged."""
    try:
        entries = _read_manifest(workspace).files
    except FileNotFoundError as error:
        raise EnvironmentFault("No shipped code is kept yet.", "Keep it: lab up") from error
    except (OSError, ValueError) as error:
        raise EnvironmentFault(
            f"{workspace.shipped / MANIFEST} cannot be read.", "Repair it: lab up"
        ) from error
    return tuple(ShippedFile(PurePosixPath(path), *entry) for path, entry in entries.items())


def content(workspace: Workspace, file: ShippedFile) -> bytes:
    """Return the content of a shipped file. Raises Refused if the kept copy is missing or damaged."""
    with suppress(OSError):
        found = (workspace.shipped / file.blob).read_bytes()
        if blob_id(found) == file.blob:
            return found
    raise Refused(f"The kept copy of {file.path} is damaged.", "Nothing was changed. Repair it: lab up")


def code_paths(workspace: Workspace) -> tuple[str, ...]:
    """Return the folders and files that hold the code. Raises InvalidFile: lab.toml cannot be used."""
    profile = profile_of(workspace)
    return (*profile.folders, *profile.files)


def current_files(workspace: Workspace) -> Iterator[PurePosixPath]:
    """Yield the path in the workspace of every file in the shipped folders now, including added files.

    Links are among them, and are not followed.
    """
    return paths_below(workspace.root, code_paths(workspace))


def _entries(code: Mapping[PurePosixPath, SourceFile]) -> dict[str, tuple[str, bool]]:
    """Return what a manifest has of these files."""
    return {str(path): (blob_id(file.content), file.executable) for path, file in code.items()}


def _is_own_library(workspace: Workspace) -> bool:
    return workspace.library.root == workspace.root


def _read_manifest(workspace: Workspace) -> _Manifest:
    """Read the manifest, also that of an earlier version.

    Raises:
        OSError: it cannot be read.
        ValueError: it is damaged, or names a path outside the workspace.
    """
    document = (workspace.shipped / MANIFEST).read_bytes()
    try:
        found = from_json(document, _Manifest)
    except ValueError:
        found = _Manifest(from_json(document, dict[str, tuple[str, bool]]), UNKNOWN_VERSION)
    paths = [PurePosixPath(path) for path in found.files]
    if any(path.is_absolute() or ".." in path.parts or path.parts[:1] in {(), (".lab",)} for path in paths):
        raise ValueError("a path leads out of the workspace")
    return found


def _is_kept(workspace: Workspace, blob: str) -> bool:
    try:
        return blob_id((workspace.shipped / blob).read_bytes()) == blob
    except OSError:
        return False


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
