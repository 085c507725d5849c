"""Make a handout: a workspace for a candidate, with the chosen bugs and without any solution.

The other bugs are fixed in it: their code is in the tree, and their schema in ordinary revisions after the
shipped head. It holds `lab` itself, which knows no bug, and one commit. The record stays here.
"""

import shutil
import zipfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from time import time

from lab import __version__, git, handouts
from lab.catalog import Fix, load
from lab.engine.patches import ShippedTexts
from lab.errors import EnvironmentFault, LabError, Refused, UsageError
from lab.handouts import Handout as Handout
from lab.json_files import from_json, to_json
from lab.library import Library
from lab.operations.handout_files import Files, as_file, code_digest, code_of, files_of
from lab.operations.new import empty_after_an_error, require_empty, write_files
from lab.sentences import printable
from lab.workspace import Workspace, require_supported_path

DATE = "2025-01-01T00:00:00Z"
"""The date of the commit: the same handout is the same bytes whenever it is made."""

ZIP_DATE = (2025, 1, 1, 0, 0, 0)
MINUTES = 90
ARCHIVES = (".zip", ".bundle")


@dataclass(frozen=True, slots=True)
class MadeHandout:
    """A handout that was made: its folder, the record and its file, and the archive if there is one."""

    root: Path
    files: int
    handout: Handout
    record: Path
    archive: Path | None = None


def make_handout(
    folder: Path,
    library: Library,
    *,
    name: str = "",
    bugs: Sequence[str] = (),
    minutes: int = MINUTES,
    ai: str = "allowed",
    archive: Path | None = None,
) -> MadeHandout:
    """Make a handout in `folder`, which must be empty or not exist, and keep its record.

    `bugs` are numbers, ranges or slugs (default: all). `ai` is a key of AI. `archive` is a file to make too:
    `.zip` with the files, `.bundle` with the commit; the record is copied beside it. The same arguments and
    library make the same bytes, and the same id.

    Raises:
        UsageError: a word of `bugs` means no fix, the name is no text, or the archive has another ending or
            is in `folder`, which is the candidate's.
        Refused: the folder is not empty, the archive is there already and of no handout or of another one,
            or a fix that would be built in requires a chosen one.
        EnvironmentFault: git is missing, or a file cannot be read or written.
    """
    root = folder.resolve()
    if archive is not None and archive.suffix not in ARCHIVES:
        raise UsageError(f"{archive} is no archive that lab can make.", "Name a file .zip or .bundle.")
    if archive is not None and archive.resolve().is_relative_to(root):
        raise UsageError(
            f"{archive} is in the handout itself.", "Its record is written beside it, and stays with you."
        )
    if not name.isprintable():
        raise UsageError(f"The name {printable(name)} has characters that cannot be printed.")
    git.require_git()
    require_supported_path(Workspace(root, library))
    require_empty(root)
    chosen, built_in = _choose(library, bugs)
    named = name or "Lab"
    files, head = files_of(library, chosen, built_in, minutes, ai, named)
    id_ = _id(files, named, chosen, minutes, ai)
    if archive is not None:
        _require_replaceable(archive, id_)
    files[handouts.MARK] = as_file(to_json(handouts.Mark(id_, named)) + "\n")
    try:
        with empty_after_an_error(root):
            write_files(root, files)
            git.commit_folder(root, "Initial commit", date=DATE)
            if archive is not None:
                _archive(root, archive, files)
            made = _record(library, root, id_, named, chosen, built_in, minutes, ai, head)
            record = handouts.keep(library, made)
            if archive is not None:
                shutil.copyfile(record, _record_beside(archive))
    except OSError as error:
        raise EnvironmentFault(
            f"The handout {root} cannot be made: {error.strerror}: {error.filename}.",
            "Check the disk and the folder's permissions.",
        ) from error
    return MadeHandout(root, len(files), made, record, archive)


def list_handouts(library: Library) -> tuple[Handout, ...]:
    """Return the records of the handouts that were made, the newest first."""
    return tuple(handouts.every(library))


def _choose(library: Library, bugs: Sequence[str]) -> tuple[tuple[Fix, ...], tuple[Fix, ...]]:
    """Return the fixes of the chosen bugs, and the others."""
    catalog = load(library, ShippedTexts(Workspace(library.root, library)).find)
    if catalog.broken:
        raise catalog.broken[0]
    chosen = catalog.select(bugs or ["all"], "bug")
    built_in = tuple(fix for fix in catalog.fixes if fix not in chosen)
    numbers = {fix.number for fix in chosen}
    for fix in built_in:
        if missing := sorted(numbers.intersection(fix.requires)):
            raise Refused(
                f"Fix {fix.number} would be built in, and requires fix {missing[0]}, a chosen bug.",
                f"Choose bug {fix.number} too, or leave {missing[0]} out.",
            )
    return chosen, built_in


def _id(files: Files, name: str, chosen: Sequence[Fix], minutes: int, ai: str) -> str:
    found = sha256(repr((name, [fix.number for fix in chosen], minutes, ai)).encode())
    for path in sorted(files):
        found.update(f"{path}\0{len(files[path].content)}\0".encode() + files[path].content)
    return found.hexdigest()[:12]


def _record(
    library: Library,
    root: Path,
    id_: str,
    name: str,
    chosen: Sequence[Fix],
    built_in: Sequence[Fix],
    minutes: int,
    ai: str,
    head: str,
) -> Handout:
    """Return the record; what an earlier one of the same id says of help is kept."""
    given: tuple[handouts.Given, ...] = ()
    with suppress(LabError):
        given = handouts.find(library, id_).given
    return Handout(
        id=id_,
        name=name,
        bugs=tuple(fix.number for fix in chosen),
        built_in=tuple(fix.number for fix in built_in),
        minutes=minutes,
        ai=ai,
        head=head,
        tree=git.head_tree(root),
        at=time(),
        lab=__version__,
        library=library.digest(),
        given=given,
        code=code_digest(code_of(library, built_in)[0]),
    )


def _record_beside(archive: Path) -> Path:
    return archive.with_name(f"{archive.name}.json")


def _require_replaceable(archive: Path, id_: str) -> None:
    """Raise Refused if a file would be lost: only the archive of the same handout may be made again."""
    beside = _record_beside(archive)
    if not archive.exists() and not beside.exists():
        return
    with suppress(OSError, ValueError):
        if from_json(beside.read_bytes(), Handout).id == id_:
            return
    there = archive if archive.exists() else beside
    raise Refused(f"{there} is there already, and not of this handout.", "Name another file: --archive FILE")


def _archive(root: Path, archive: Path, files: Files) -> None:
    make: Callable[[Path, Path, Files], None] = _bundle if archive.suffix == ".bundle" else _zip
    try:
        archive.parent.mkdir(parents=True, exist_ok=True)
        make(root, archive, files)
    except OSError as error:
        raise EnvironmentFault(f"{archive} cannot be written: {error.strerror}.") from error


def _bundle(root: Path, archive: Path, _: Files) -> None:
    git.bundle(root, archive)


def _zip(root: Path, archive: Path, files: Files) -> None:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, file in sorted(files.items()):
            entry = zipfile.ZipInfo(f"{root.name}/{name}", ZIP_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o755 if file.executable else 0o644) << 16
            zipped.writestr(entry, file.content)
