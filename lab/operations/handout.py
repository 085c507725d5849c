"""Make a handout: a workspace for a candidate, with the chosen bugs and without any solution.

The other bugs are fixed in it: their code is in the tree, and their schema in ordinary revisions after the
shipped head. It holds `lab` itself, which knows no bug, and one commit. The record stays here.
"""

import re
import shutil
import tokenize
import zipfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path, PurePosixPath
from time import time

from lab import __version__, compose, git, handouts, shipped
from lab.catalog import Fix, load
from lab.catalog.revision_file import does_nothing, plain_revision
from lab.engine.patches import Patcher, ShippedTexts
from lab.engine.verb import Verb
from lab.errors import EnvironmentFault, LabError, Refused, UsageError
from lab.handouts import Handout as Handout
from lab.json_files import to_json
from lab.library import PACKAGE, Library
from lab.operations.candidate_tool import candidate_tool
from lab.operations.new import empty_after_an_error, require_empty, write_files
from lab.profile import Profile, read_profile
from lab.shipped import SourceFile
from lab.workspace import Workspace, require_supported_path

TEMPLATES = PACKAGE / "templates" / "handout"
DISTRIBUTION = "debugging-lab"
DATE = "2025-01-01T00:00:00Z"
"""The date of the commit: the same handout is the same bytes whenever it is made."""

ZIP_DATE = (2025, 1, 1, 0, 0, 0)
MINUTES = 90
ARCHIVES = (".zip", ".bundle")
HEAD_KEY = re.compile(r"^(shipped_head\s*=\s*)(\S+)", re.M)
SECTION = re.compile(r"(?m)^(?:[#;].*\n)*\[(?P<name>[^\]]+)\]\n(?:(?!\[).*\n?)*?(?=(?:[#;].*\n)*\[|\Z)")
PART = re.compile(r"<!-- (?P<when>bugs|feature) -->\n(?P<text>.*?)<!-- end -->\n", re.S)

AI = {
    "allowed": "You may use AI assistants. You are asked to explain what you hand in, line by line.",
    "required": "Work with an AI assistant, and keep what you asked it: how you lead it is part of the talk.",
    "none": "Please do not use AI assistants. Documentation and search engines are welcome.",
}

Files = dict[str, SourceFile]


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
        UsageError: a word of `bugs` means no fix, or the archive has another ending.
        Refused: the folder is not empty, or a fix that would be built in requires a chosen one.
        EnvironmentFault: git is missing, or a file cannot be read or written.
    """
    root = folder.resolve()
    if archive is not None and archive.suffix not in ARCHIVES:
        raise UsageError(f"{archive} is no archive that lab can make.", "Name a file .zip or .bundle.")
    git.require_git()
    require_supported_path(Workspace(root, library))
    require_empty(root)
    chosen, built_in = _choose(library, bugs)
    files, head = _files(library, chosen, built_in, minutes, ai, name or "Lab")
    named = name or "Lab"
    id_ = _id(files, named, chosen, minutes, ai)
    files[handouts.MARK] = _text(to_json(handouts.Mark(id_, named)) + "\n")
    try:
        with empty_after_an_error(root):
            write_files(root, files)
            git.commit_folder(root, "Initial commit", date=DATE)
            made = _record(library, root, id_, named, chosen, built_in, minutes, ai, head)
            record = handouts.keep(library, made)
    except OSError as error:
        raise EnvironmentFault(
            f"The handout {root} cannot be made: {error.strerror}: {error.filename}.",
            "Check the disk and the folder's permissions.",
        ) from error
    if archive is not None:
        _archive(root, archive, files)
        shutil.copyfile(record, archive.with_name(f"{archive.name}.json"))
    return MadeHandout(root, len(files), made, record, archive)


def list_handouts(library: Library) -> tuple[Handout, ...]:
    """Return the records of the handouts that were made, the newest first."""
    return tuple(handouts.every(library))


def _choose(library: Library, bugs: Sequence[str]) -> tuple[tuple[Fix, ...], tuple[Fix, ...]]:
    """Return the fixes of the chosen bugs, and the others."""
    catalog = load(library, ShippedTexts(Workspace(library.root, library)).find)
    if catalog.broken:
        raise catalog.broken[0]
    chosen = catalog.select(bugs or ["all"])
    built_in = tuple(fix for fix in catalog.fixes if fix not in chosen)
    numbers = {fix.number for fix in chosen}
    for fix in built_in:
        if missing := sorted(numbers.intersection(fix.requires)):
            raise Refused(
                f"Fix {fix.number} would be built in, and requires fix {missing[0]}, a chosen bug.",
                f"Choose bug {fix.number} too, or leave {missing[0]} out.",
            )
    return chosen, built_in


def _files(
    library: Library, chosen: Sequence[Fix], built_in: Sequence[Fix], minutes: int, ai: str, name: str
) -> tuple[Files, str]:
    """Return the files of the handout by their paths, and its head revision."""
    profile = read_profile(library.profile)
    workspace = Workspace(library.root, library)
    code: dict[PurePosixPath, SourceFile] = dict(shipped.source(workspace))
    patcher = Patcher(ShippedTexts(workspace))
    for fix in built_in:
        _build_in(code, patcher, fix)
    files = {str(path): file for path, file in code.items() if path.parts[:2] != ("migrations", "fixes")}
    files |= _read(library.root, profile.extra_files)
    files |= candidate_tool(_read(PACKAGE.parent, [PACKAGE.name]))
    files["lab.toml"] = _text(_candidates_profile(library.profile.read_text(encoding="utf-8")))
    head = _migrations(files, built_in)
    files |= _templates(profile, library, name)
    files |= _texts(library, chosen, minutes, ai, name)
    return files, head


def _build_in(code: dict[PurePosixPath, SourceFile], patcher: Patcher, fix: Fix) -> None:
    def read(path: PurePosixPath) -> bytes | None:
        return code[path].content if path in code else None

    for change in patcher.change(fix, Verb.APPLY, read):
        if change.after is not None:
            is_executable = code[change.path].executable if change.path in code else bool(change.mode & 0o100)
            code[change.path] = SourceFile(change.after, is_executable)


def _read(root: Path, names: Sequence[str]) -> Files:
    try:
        return {str(path): file for path, file in shipped.read_tree(root, names).items()}
    except OSError as error:
        raise EnvironmentFault(f"{error.filename} cannot be read: {error.strerror}.") from error


def _migrations(files: Files, built_in: Sequence[Fix]) -> str:
    """Add the schema of the fixes as ordinary revisions; take the fixes' history away. Return the head."""
    settings = files["alembic.ini"].content.decode()
    found = HEAD_KEY.search(settings)
    if found is None:
        raise Refused("alembic.ini names no shipped_head.", "Add it to the section [lab].")
    head = found[2]
    for fix in built_in:
        file = fix.folder / "migration.py"
        if does_nothing(file):
            continue
        text = file.read_text(encoding="utf-8")
        after = f"{int(head) + 1:0{len(head)}}" if head.isdigit() else f"{head}_{fix.slug}"
        with suppress(tokenize.TokenError):
            text = plain_revision(text, after, head)
        files[f"migrations/versions/{after}_{fix.slug}.py"] = _text(text)
        head = after
    kept = "".join(part[0] for part in _sections(settings) if part["name"] != "fixes")
    files["alembic.ini"] = _text(settings[: _start(settings)] + HEAD_KEY.sub(rf"\g<1>{head}", kept))
    return head


def _sections(settings: str) -> list[re.Match[str]]:
    return list(SECTION.finditer(settings))


def _start(settings: str) -> int:
    sections = _sections(settings)
    return sections[0].start() if sections else len(settings)


def _candidates_profile(settings: str) -> str:
    """Return lab.toml without its comments, and without what only a measurement needs."""
    kept = "".join(part[0] for part in _sections(settings) if part["name"] != "measurement")
    lines = [line for line in kept.splitlines(keepends=True) if not line.lstrip().startswith("#")]
    return "".join(lines).strip("\n") + "\n"


def _templates(profile: Profile, library: Library, name: str) -> Files:
    """Return the files that every handout has, with their placeholders filled in."""
    services = compose.read(library.compose_file, {}).services
    ports = [port.host for one in profile.service_names for port in services[one].ports if one in services]
    values = {
        "name": name,
        "version": __version__,
        "dependencies": '",\n    "'.join(_dependencies()),
        "ports": ", ".join(map(str, ports)),
    }
    found = {}
    for path in sorted(path for path in TEMPLATES.rglob("*") if path.is_file()):
        text = _filled(path.read_text(encoding="utf-8"), values)
        found[path.relative_to(TEMPLATES).as_posix()] = _text(text)
    return found


def _dependencies() -> list[str]:
    """Return what lab and the code need, as this installation of lab declares it."""
    try:
        declared = requires(DISTRIBUTION) or requires("lab-handout") or []
    except PackageNotFoundError as error:
        raise EnvironmentFault(
            "lab is not installed as a package, so its dependencies are not known.", "Install it: make up"
        ) from error
    return [one.replace('"', "'") for one in declared if "extra ==" not in one]


def _texts(library: Library, chosen: Sequence[Fix], minutes: int, ai: str, name: str) -> Files:
    """Return BRIEF.md, and SPEC.md if a feature is chosen."""
    features = [fix for fix in chosen if fix.spec]
    others = [fix for fix in chosen if not fix.spec]
    kept = {"bugs": bool(others), "feature": bool(features)}
    brief = library.brief.read_text(encoding="utf-8") if library.brief.is_file() else BRIEF
    brief = PART.sub(lambda part: part["text"] if kept[part["when"]] else "", brief)
    second = minutes // 2 if others and features else minutes
    values = {
        "name": name,
        "minutes": str(minutes),
        "first_minutes": str(minutes - second if features else minutes),
        "second_minutes": str(second),
        "symptoms": "\n".join(f"- {fix.symptom}" for fix in others),
        "ai": AI[ai],
    }
    found = {"BRIEF.md": _text(_filled(brief, values))}
    if features:
        found["SPEC.md"] = _text("\n".join(fix.spec for fix in features))
    return found


def _filled(text: str, values: Mapping[str, str]) -> str:
    for key, value in values.items():
        text = text.replace(f"@@{key}@@", value)
    return text


def _text(text: str) -> SourceFile:
    return SourceFile(text.encode())


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
    )


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


BRIEF = """\
# @@name@@

You have @@minutes@@ minutes.

<!-- bugs -->
The code in this folder has faults. Find their causes, and repair them.

@@symptoms@@

<!-- end -->
<!-- feature -->
Build what [SPEC.md](SPEC.md) asks for.

<!-- end -->
@@ai@@
"""
