"""A library: the fixes, their probes, the profile, and the code as shipped. What it holds is trusted.

It comes from where `lab` is installed or is named by the user. A workspace's own folders are never one.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from lab.errors import UsageError

VARIABLE = "LAB_LIBRARY"
PACKAGE = Path(__file__).resolve().parent
COMPOSE_FILE = Path("compose/docker-compose.yml")
CONTENT = "_content"
HANDOUT_MARK = "handout.json"
"""The file of a handout: `lab.handouts` reads it."""
HASHED = ("fixes", "probes", "lab.toml")


class PathBelow:
    """An attribute of an object with a `root`: the path `relative` below that folder."""

    def __init__(self, relative: str) -> None:
        self.relative = relative

    def __get__(self, owner: "_HasRoot", _: type) -> Path:
        return owner.root / self.relative


class _HasRoot(Protocol):
    @property
    def root(self) -> Path: ...


@dataclass(frozen=True, slots=True)
class Library:
    """The paths of one library."""

    root: Path

    profile = PathBelow("lab.toml")
    fixes = PathBelow("fixes")
    brief = PathBelow("fixes/brief.md")
    """What a candidate is told: see `lab.operations.handout`."""
    rubric = PathBelow("fixes/rubric.toml")
    """What a person judges: see `lab.scorecard.rubric`."""
    probes = PathBelow("probes")
    alembic_ini = PathBelow("alembic.ini")
    roles_sql = PathBelow("compose/initdb/roles.sql")
    compose_file = PathBelow(str(COMPOSE_FILE))

    @property
    def is_packaged(self) -> bool:
        """Whether it is part of an installed package, so that it must not be changed."""
        return self.root == PACKAGE / CONTENT

    @property
    def is_handout(self) -> bool:
        """Whether it is a handout, which has no fixes: then the candidate uses `lab`."""
        return (self.root / HANDOUT_MARK).is_file() and not self.fixes.exists()

    def digest(self) -> str:
        """Return the SHA-256 of the names and contents of its fixes, probes and lab.toml, in hexadecimal.

        The rubric is not part of it: what was measured does not depend on it.
        """
        from hashlib import sha256  # every command imports this module, and few need it

        found = sha256()
        for path in sorted(path for name in HASHED for path in _files(self.root / name)):
            if path == self.rubric:
                continue
            with suppress(FileNotFoundError):  # an editor's temporary file
                content = path.read_bytes()
                found.update(f"{path.relative_to(self.root).as_posix()}\0{len(content)}\0".encode() + content)
        return found.hexdigest()


def installed() -> Library:
    """Return this installation's library: `lab/_content` in a wheel, else the folder that holds `lab/`."""
    content = PACKAGE / CONTENT
    return Library(content if content.is_dir() else PACKAGE.parent)


def find_library(named: Path | None, environ: Mapping[str, str]) -> Library:
    """Return the library at `named`, else at LAB_LIBRARY, else the installed one.

    Raises:
        UsageError: the folder has no lab.toml.
    """
    given = named or (Path(environ[VARIABLE]) if environ.get(VARIABLE) else None)
    if given is None:
        return installed()
    try:
        found = Library(given.resolve())
        is_library = found.profile.is_file()
    except (OSError, RuntimeError, ValueError):  # a loop of links, a name that is too long
        found, is_library = Library(given), False
    if not is_library:
        raise UsageError(
            f"{found.root} is no library: it holds no lab.toml.",
            f"Name one with --library DIR or {VARIABLE}; without either, lab uses its own.",
        )
    return found


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return [file for file in path.rglob("*") if file.is_file() and "__pycache__" not in file.parts]
