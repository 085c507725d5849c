"""A bundle: one zip file with all that grading one submission needs, on any machine with this version of lab.

    manifest.json     what is in it, and of which version
    submission.zip    the work, as `lab.grading.submission` unpacks it
    library/          the library's fixes, probes, profile and shipped code

The library in it runs inside `lab`: a bundle is trusted as much as its maker is. The submission is not.
"""

import hashlib
import shutil
import stat
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from lab import __version__, shipped
from lab.errors import EnvironmentFault, UsageError
from lab.git import Commit
from lab.grading.submission import Submission, Unusable, unpack
from lab.handouts import Handout
from lab.json_files import from_json, to_json
from lab.library import HASHED, Library
from lab.profile import read_profile
from lab.scorecard.rubric import digest_of
from lab.source_files import SourceFile
from lab.workspace import Workspace
from lab.zip_errors import UNREADABLE

FORMAT = 1
"""Raised when the form of a bundle changes."""

MANIFEST = "manifest.json"
SUBMISSION = "submission.zip"
LIBRARY = "library"
LONGEST_MANIFEST = 16 * 2**20


class NoBundle(UsageError):
    """The file is no bundle."""


class OtherBundle(EnvironmentFault):
    """The bundle was made by another version of lab, or its content is not what its manifest says."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a bundle holds.

    `lab` is the version that made it. `library` is the library's digest, `rubric` its rubric's (empty: it has
    none), `content` the SHA-256 of the library's files in the bundle. `name`, `digest`, `skipped` and
    `commits` are those of the submission, `handout` is the record of its handout, with the help that was
    given. `unwalled`: a machine without walls may grade it.
    """

    lab: str
    library: str
    rubric: str
    content: str
    name: str
    digest: str
    skipped: tuple[str, ...]
    commits: tuple[Commit, ...]
    handout: Handout | None
    unwalled: bool = False
    format: int = FORMAT

    @property
    def key(self) -> str:
        """The SHA-256 of all of it, in hexadecimal: the same bundle has the same key on any machine."""
        return hashlib.sha256(to_json(self, indent=0).encode()).hexdigest()


def write_bundle(
    path: Path,
    submission: Submission,
    library: Library,
    handout: Handout | None,
    *,
    unwalled: bool = False,
) -> Manifest:
    """Write the bundle of an unpacked submission, in place of an earlier file, and return its manifest.

    Raises:
        EnvironmentFault: a file of the library cannot be read, or the bundle cannot be written.
        InvalidFile: the library's lab.toml cannot be used.
    """
    files = _library_files(library)
    manifest = Manifest(
        __version__,
        library.digest(),
        digest_of(library.rubric),
        _content(files),
        submission.name,
        submission.digest,
        submission.skipped,
        submission.commits,
        handout,
        unwalled,
    )
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(_entry(MANIFEST), to_json(manifest))
            with (
                archive.open(_entry(SUBMISSION, compress=False), "w", force_zip64=True) as inner,
                zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as work,
            ):
                _add_work(work, submission.root)
            for relative, file in files.items():
                archive.writestr(_entry(f"{LIBRARY}/{relative}", file.executable), file.content)
        unfinished.replace(path)
    except OSError as error:
        raise EnvironmentFault(f"{path} cannot be written: {error.strerror}.") from error
    finally:
        unfinished.unlink(missing_ok=True)
    return manifest


def read_manifest(bundle: Path) -> Manifest:
    """Return what the bundle says of itself. Raises NoBundle: it cannot be read, or is none."""
    if not bundle.exists():
        raise NoBundle(f"There is no {bundle}.")
    try:
        with zipfile.ZipFile(bundle) as archive, archive.open(MANIFEST) as file:
            return from_json(file.read(LONGEST_MANIFEST), Manifest)
    except (OSError, *UNREADABLE) as error:
        if _is_of_git(bundle):
            raise NoBundle(f"{bundle} is a git bundle.", "Grade it without --one.") from error
        reason = error.strerror or error if isinstance(error, OSError) else error
        if isinstance(error, KeyError):
            reason = f"it has no {MANIFEST}"
        raise NoBundle(
            f"{bundle} is no bundle: {reason}.", "Make one: lab grade SUBMISSION --pack DIR"
        ) from error


def _is_of_git(file: Path) -> bool:
    """Return whether it is a git bundle, by its first line: https://git-scm.com/docs/gitformat-bundle"""
    try:
        with file.open("rb") as content:
            return content.read(20).startswith((b"# v2 git bundle", b"# v3 git bundle"))
    except OSError:
        return False


def is_bundle(file: Path) -> bool:
    """Return whether the file is a bundle, of any version of lab."""
    try:
        read_manifest(file)
    except NoBundle:
        return False
    return True


def unpack_bundle(bundle: Path, manifest: Manifest, folder: Path) -> tuple[Library, Submission]:
    """Write what the bundle holds to `folder`, and return its library and its submission.

    Raises:
        OtherBundle: another version of lab made it, or it does not hold what its manifest says.
        EnvironmentFault: a file cannot be read or written.
    """
    if (manifest.format, manifest.lab) != (FORMAT, __version__):
        raise OtherBundle(f"The bundle was made by lab {manifest.lab}, and this is lab {__version__}.")
    library = Library(folder / LIBRARY)
    packed = folder / f"{folder.name}.zip"
    try:
        with zipfile.ZipFile(bundle) as archive:
            files = _read_library(archive)
            if _content(files) != manifest.content:
                raise OtherBundle("The library in the bundle is not the one that its manifest names.")
            for relative, file in files.items():
                path = library.root / relative
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(file.content)
                path.chmod(0o755 if file.executable else 0o644)
            with archive.open(SUBMISSION) as inner, packed.open("wb") as target:
                shutil.copyfileobj(inner, target)
        found = unpack(packed, folder / "submission", read_profile(library.profile).folders)
        packed.unlink()
    except (OSError, *UNREADABLE) as error:
        raise EnvironmentFault(f"The bundle cannot be unpacked: {error}.") from error
    except Unusable as error:
        raise OtherBundle(f"The submission in the bundle cannot be unpacked: {error}") from error
    if (library.digest(), found.digest) != (manifest.library, manifest.digest):
        raise OtherBundle("The bundle does not hold what its manifest says.")
    return library, replace(found, name=manifest.name, skipped=manifest.skipped, commits=manifest.commits)


def _library_files(library: Library) -> dict[PurePosixPath, SourceFile]:
    """Return the shipped code, and the fixes, the probes and the profile, by their paths."""
    found = dict(shipped.source(Workspace(library.root, library)))
    others = [library.alembic_ini, library.compose_file, library.roles_sql]
    names = [*HASHED, *(str(path.relative_to(library.root)) for path in others if path.is_file())]
    for name in names:
        top = library.root / name
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            relative = PurePosixPath(path.relative_to(library.root).as_posix())
            if path.is_file() and "__pycache__" not in path.parts and relative not in found:
                try:
                    found[relative] = SourceFile(path.read_bytes(), bool(path.stat().st_mode & 0o100))
                except OSError as error:
                    raise EnvironmentFault(f"{path} cannot be read: {error.strerror}.") from error
    return dict(sorted(found.items()))


def _read_library(archive: zipfile.ZipFile) -> dict[PurePosixPath, SourceFile]:
    found = {}
    for entry in archive.infolist():
        path = PurePosixPath(entry.filename)
        if path.parts[:1] == (LIBRARY,) and len(path.parts) > 1:
            if ".." in path.parts:
                raise OtherBundle(f"The bundle has a path that leads out of it: {entry.filename!r}.")
            executable = bool(entry.external_attr >> 16 & 0o100)
            found[path.relative_to(LIBRARY)] = SourceFile(archive.read(entry), executable)
    return dict(sorted(found.items()))


def _content(files: Mapping[PurePosixPath, SourceFile]) -> str:
    found = hashlib.sha256()
    for path, file in files.items():
        found.update(f"{path}\0{int(file.executable)}\0{len(file.content)}\0".encode() + file.content)
    return found.hexdigest()


def _add_work(archive: zipfile.ZipFile, root: Path) -> None:
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        executable = bool(path.stat().st_mode & 0o100)
        entry = _entry(path.relative_to(root).as_posix(), executable)
        with path.open("rb") as file, archive.open(entry, "w") as target:
            shutil.copyfileobj(file, target)


def _entry(name: str, executable: bool = False, *, compress: bool = True) -> zipfile.ZipInfo:
    """Return an entry without a time, so that the same content makes the same file."""
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
    entry.external_attr = (stat.S_IFREG | (0o755 if executable else 0o644)) << 16
    return entry
