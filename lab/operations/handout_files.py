"""The content of a handout: the code with the other bugs fixed, the candidate's `lab`, and the texts."""

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path, PurePosixPath

from lab import __version__, compose, shipped
from lab.catalog import Fix
from lab.catalog.revision_file import does_nothing, plain_revision
from lab.engine.patches import Patcher, ShippedTexts
from lab.engine.verb import Verb
from lab.errors import EnvironmentFault, Refused
from lab.library import PACKAGE, Library
from lab.operations.candidate_tool import candidate_tool
from lab.profile import Profile, read_profile
from lab.source_files import SourceFile, read_tree
from lab.workspace import Workspace

TEMPLATES = PACKAGE / "templates" / "handout"
DISTRIBUTION = "debugging-lab"
HEAD_KEY = re.compile(r"^(shipped_head\s*=\s*)(\S+)", re.M)
SECTION = re.compile(r"(?m)^(?:[#;].*\n)*\[(?P<name>[^\]]+)\]\n(?:(?!\[).*\n?)*?(?=(?:[#;].*\n)*\[|\Z)")
PART = re.compile(r"<!-- (?P<when>bugs|feature) -->\n(?P<text>.*?)<!-- end -->\n", re.S)

AI = {
    "allowed": "You may use AI assistants. You are asked to explain what you hand in, line by line.",
    "required": "Work with an AI assistant, and keep what you asked it: how you lead it is part of the talk.",
    "none": "Please do not use AI assistants. Documentation and search engines are welcome.",
}

Files = dict[str, SourceFile]


def files_of(
    library: Library, chosen: Sequence[Fix], built_in: Sequence[Fix], minutes: int, ai: str, name: str
) -> tuple[Files, str]:
    """Return the files of the handout by their paths, and its head revision."""
    profile = read_profile(library.profile)
    files, head = code_of(library, built_in)
    files |= _read(library.root, profile.extra_files)
    files |= candidate_tool(_read(PACKAGE.parent, [PACKAGE.name]))
    files["lab.toml"] = as_file(_candidates_profile(library.profile.read_text(encoding="utf-8")))
    files |= _templates(profile, library, name)
    files |= _texts(library, chosen, minutes, ai, name)
    return files, head


def code_of(library: Library, built_in: Sequence[Fix]) -> tuple[Files, str]:
    """Return the code that is handed out, with these fixes in it, and its head revision."""
    workspace = Workspace(library.root, library)
    code: dict[PurePosixPath, SourceFile] = dict(shipped.source(workspace))
    patcher = Patcher(ShippedTexts(workspace))
    for fix in built_in:
        _build_in(code, patcher, fix)
    files = {str(path): file for path, file in code.items() if path.parts[:2] != ("migrations", "fixes")}
    return files, _migrations(files, built_in)


def code_digest(files: Files) -> str:
    """Return the SHA-256 of the files' paths and contents."""
    found = sha256()
    for path in sorted(files):
        found.update(f"{path}\0{len(files[path].content)}\0".encode() + files[path].content)
    return found.hexdigest()


def _build_in(code: dict[PurePosixPath, SourceFile], patcher: Patcher, fix: Fix) -> None:
    def read(path: PurePosixPath) -> bytes | None:
        return code[path].content if path in code else None

    for change in patcher.change(fix, Verb.APPLY, read):
        if change.after is not None:
            is_executable = code[change.path].executable if change.path in code else bool(change.mode & 0o100)
            code[change.path] = SourceFile(change.after, is_executable)


def _read(root: Path, names: Sequence[str]) -> Files:
    try:
        return {str(path): file for path, file in read_tree(root, names).items()}
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
        files[f"migrations/versions/{after}_{fix.slug}.py"] = as_file(plain_revision(text, after, head))
        head = after
    kept = "".join(part[0] for part in _sections(settings) if part["name"] != "fixes")
    files["alembic.ini"] = as_file(settings[: _start(settings)] + HEAD_KEY.sub(rf"\g<1>{head}", kept))
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
        found[path.relative_to(TEMPLATES).as_posix()] = as_file(text)
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
    found = {"BRIEF.md": as_file(_filled(brief, values))}
    if features:
        found["SPEC.md"] = as_file("\n".join(fix.spec for fix in features))
    return found


def _filled(text: str, values: Mapping[str, str]) -> str:
    for key, value in values.items():
        text = text.replace(f"@@{key}@@", value)
    return text


def as_file(text: str) -> SourceFile:
    """Return a file with this text."""
    return SourceFile(text.encode())


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
