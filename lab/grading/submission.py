"""Unpack a submission into a folder of our own: what is not a plain file of ordinary size stays out."""

import errno
import hashlib
import os
import stat
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from lab import git, timeline
from lab.errors import EnvironmentFault, LabError
from lab.sentences import printable
from lab.zip_errors import UNREADABLE

MOST_BYTES = 200 * 2**20
"""Bytes of all files of a submission, unpacked."""

MOST_FILES = 20_000
MOST_PARTS, LONGEST_PATH = 50, 1000
"""Parts of a path and its bytes: it is copied to deeper folders later."""

MOST_SKIPPED, LONGEST_SKIPPED = 100, 200
"""Clauses on what was left out, and the characters of the name in one."""

LEFT_OUT = frozenset(
    {".venv", "venv", "node_modules", "__pycache__", ".git", ".lab", ".mypy_cache", ".pytest_cache"}
)
"""Folders that no submission needs: environments, caches, and records of tools. `.lab` is read apart."""

KEPT = PurePosixPath(timeline.FILE).parts
"""The candidate's own record of commands: the only file of `.lab` that is taken."""

MOST_COMMITS = 1000
MOST_OBJECTS = 100_000
"""Files of a repository of which the commits are read."""

OF_A_NAME = frozenset({errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG})
"""What fails because of a path in an archive: one that is there twice, is a folder too, or is too long."""

OF_THE_MACHINE = frozenset(
    {
        *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS),
        *(errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ESTALE),
    }
)
"""What fails for want of something here, whichever file it was: such an error need not name one."""

CHUNK = 2**20
DEEPEST = 2
"""Folders above the work that an archive may have."""


class Unusable(LabError):
    """The submission cannot be graded, for a reason in its files that the message names."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A submission that was unpacked.

    name: what it is called, from its file. root: the folder with the work. digest: the SHA-256 of the work's
    paths and contents, in hexadecimal. skipped: what was left out, as clauses. commits: the latest ones of
    the work's own repository.
    """

    name: str
    root: Path
    digest: str
    skipped: tuple[str, ...]
    commits: tuple[git.Commit, ...] = ()


def unpack(source: Path, target: Path, folders: Sequence[str]) -> Submission:
    """Copy the work in `source`, a folder, zip or git bundle, into `target`, which must not exist.

    The work is the folder that has all of `folders`: `source` itself, or one below it.

    Raises:
        Unusable: it cannot be read, is too large, or is no work on this system.
        EnvironmentFault: `target` cannot be written, or git is missing.
    """
    copier = _Copier(target)
    try:
        target.mkdir(parents=True)
        if source.is_dir():
            copier.folder(source)
        elif source.suffix == ".bundle":
            source.open("rb").close()  # git's error would not say whose fault it is
            copier.bundle(source)
        elif source.is_file():
            copier.archive(source)
        else:
            raise EnvironmentFault(f"There is no {source} any more, or it is no file.")
    except OSError as error:
        if error.errno in OF_THE_MACHINE:
            raise EnvironmentFault(f"{target} cannot be written: {error.strerror}.") from error
        where = error.filename or source
        if Path(os.fsdecode(where)).is_relative_to(target):
            if error.errno in OF_A_NAME:
                name = Path(os.fsdecode(where)).relative_to(target)
                raise Unusable(f"Its path {str(name)!r} cannot be a file: {error.strerror}.") from error
            raise EnvironmentFault(f"{where} cannot be written: {error.strerror}.") from error
        if error.filename and Path(os.fsdecode(where)) == source:
            # It cannot even be opened, which is not the candidate's fault.
            raise EnvironmentFault(f"{source} cannot be read: {error.strerror or error}.") from error
        raise Unusable(f"It cannot be read: {error.strerror or error}.") from error
    root = _root_of(target, folders)
    commits = copier.commits if copier.commits is not None else _commits(source / root.relative_to(target))
    return Submission(name_of(source), root, _digest(root), copier.skipped, commits)


def name_of(source: Path) -> str:
    """Return what a submission is called: the name of its file without the ending, or of its folder."""
    return source.resolve().name if source.is_dir() else source.stem


class _Copier:
    """Copies plain files into a folder, up to the limits."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._bytes = self._files = 0
        self._skipped: list[str] = []
        self.commits: tuple[git.Commit, ...] | None = None
        """Those of a bundle; None if it was none."""

    def folder(self, source: Path) -> None:
        for path, relative in _walk(source, PurePosixPath()):
            mode = path.lstat().st_mode
            if not _is_portable(relative):
                self._skip(repr(str(relative)), "has a name that some systems do not allow")
            elif stat.S_ISREG(mode):
                with path.open("rb") as file:
                    self._write(relative, _chunks(file), bool(mode & 0o100))
            else:
                self._skip(str(relative), "is no plain file")

    def archive(self, source: Path) -> None:
        try:
            with zipfile.ZipFile(source) as zipped:
                for entry in zipped.infolist():
                    self._entry(zipped, entry)
        except UNREADABLE as error:
            if "not a zip file" in str(error):
                raise Unusable("It is no zip file that is whole, no git bundle and no folder.") from error
            raise Unusable(f"It is no zip file that can be read: {error}.") from error

    def _entry(self, zipped: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
        mode = entry.external_attr >> 16
        name = PurePosixPath(entry.filename.replace("\\", "/"))
        if entry.is_dir() or _is_left_out(name):
            return
        if name.is_absolute() or ".." in name.parts or not name.parts or "\0" in entry.filename:
            raise Unusable(f"The archive has a path that leads out of it: {entry.filename!r}.")
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            self._skip(str(name), "is no plain file")
            return
        with zipped.open(entry) as file:
            self._write(name, _chunks(file), bool(mode & 0o100))

    def bundle(self, source: Path) -> None:
        with tempfile.TemporaryDirectory(prefix="lab-") as folder:
            checked_out = Path(folder) / "work"
            try:
                repository = Path(folder) / "repository"
                git.unbundle(source, repository, checked_out, most_files=MOST_FILES, most_bytes=MOST_BYTES)
            except EnvironmentFault:
                raise
            except LabError as error:
                raise Unusable(str(error)) from error
            self.commits = git.commits(repository, MOST_COMMITS)
            self.folder(checked_out)

    @property
    def skipped(self) -> tuple[str, ...]:
        """What was left out, as clauses; those after the first are counted."""
        more = len(self._skipped) - MOST_SKIPPED
        return (*self._skipped[:MOST_SKIPPED], *([f"{more:,} more"] if more > 0 else []))

    def _skip(self, name: str, why: str) -> None:
        shown = name if len(name) <= LONGEST_SKIPPED else f"{name[:LONGEST_SKIPPED]}…"
        self._skipped.append(f"{shown} {why}" if len(self._skipped) < MOST_SKIPPED else "")

    def _write(self, relative: PurePosixPath, chunks: Iterator[bytes], executable: bool) -> None:
        _require_short(relative)
        self._files += 1
        if self._files > MOST_FILES:
            raise Unusable(f"It has more than {MOST_FILES:,} files.")
        path = self._target / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            for chunk in chunks:
                self._bytes += len(chunk)
                if self._bytes > MOST_BYTES:
                    raise Unusable(f"It has more than {MOST_BYTES // 2**20} MiB.")
                file.write(chunk)
        path.chmod(0o755 if executable else 0o644)


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(CHUNK):
        yield chunk


def _walk(folder: Path, relative: PurePosixPath) -> Iterator[tuple[Path, PurePosixPath]]:
    """Yield everything in the folder but folders; a link is not followed."""
    for entry in sorted(os.scandir(folder), key=lambda one: one.name):
        inner = relative / entry.name
        is_folder = entry.is_dir(follow_symlinks=False)
        if _is_left_out(inner) and not (is_folder and entry.name == KEPT[0]):
            continue
        if is_folder:
            _require_short(inner)
            yield from _walk(Path(entry.path), inner)
        else:
            yield Path(entry.path), inner


def _require_short(path: PurePosixPath) -> None:
    """Raise Unusable if the path is too deep or too long."""
    if len(path.parts) > MOST_PARTS or len(os.fsencode(path)) > LONGEST_PATH:
        raise Unusable(f"A path in it is too deep or too long: {printable(str(path)[:LONGEST_SKIPPED])}…")


def _is_portable(name: PurePosixPath) -> bool:
    """Return whether a zip file can hold this path: it is Unicode, and has no backslash."""
    try:
        return "\\" not in str(name) and bool(str(name).encode())
    except UnicodeEncodeError:
        return False


def _is_left_out(name: PurePosixPath) -> bool:
    return bool(LEFT_OUT.intersection(name.parts)) and name.parts[-2:] != KEPT[-2:]


def _root_of(target: Path, folders: Sequence[str]) -> Path:
    """Return the folder that has all of these folders. Raises Unusable: there is none."""
    level = [target]
    for _ in range(DEEPEST + 1):
        for folder in level:
            if all((folder / name).is_dir() for name in folders):
                return folder
        level = [path for folder in level for path in sorted(folder.iterdir()) if path.is_dir()]
    missing = [name for name in folders if not (target / name).is_dir()]
    if not any(target.iterdir()):
        raise Unusable("It is empty.")
    raise Unusable(f"It is no work on this system: it has no folder {', '.join(missing)}.")


def _commits(root: Path) -> tuple[git.Commit, ...]:
    """Return the commits of the work's repository; none if it has no folder `.git`, as in a zip file."""
    repository = root / ".git"
    if repository.is_symlink() or not repository.is_dir() or not _is_whole(repository):
        return ()
    return git.commits(repository, MOST_COMMITS)


def _is_whole(repository: Path) -> bool:
    """Whether no other repository is part of this one: it could be the interviewer's, with any commit."""
    others = ("commondir", "objects/info/alternates", "objects/info/http-alternates")
    if any(os.path.lexists(repository / name) for name in others):
        return False
    looked, folders = 0, [repository]
    try:
        while folders:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    looked += 1
                    if entry.is_symlink() or looked > MOST_OBJECTS:
                        return False
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(Path(entry.path))
    except OSError:  # it cannot be read, or is too deep
        return False
    return True


def _digest(root: Path) -> str:
    found = hashlib.sha256()
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        content = path.read_bytes()
        found.update(f"{path.relative_to(root).as_posix()}\0{len(content)}\0".encode() + content)
    return found.hexdigest()
