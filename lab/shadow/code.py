"""A copy of the code under repair, so that edits during a measurement do not affect it."""

import os
import re
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from lab import compose, shipped
from lab.catalog.unified_diff import blob_id
from lab.compose import ComposeFile, ServiceSpec
from lab.errors import EnvironmentFault, InvalidFile, Refused
from lab.files import write_atomic
from lab.profile import profile_of
from lab.runtime.database_address import DATABASE_SERVICE, Login
from lab.runtime.database_service import logins_of
from lab.shell import run
from lab.workspace import Workspace

NOT_COPIED = shutil.ignore_patterns("__pycache__", ".git", ".lab", ".venv", "*.pyc")
VARIABLE = re.compile(r"\$\{?(\w+)")
UNREACHABLE = "127.0.0.1:1"


@dataclass(frozen=True, slots=True)
class Code:
    """A copy of a workspace's code, with the compose file to use and the shipped one.

    `problem` says why the workspace's own compose file is not used; it is empty if it is.
    """

    workspace: Workspace
    compose: ComposeFile
    shipped: ComposeFile
    problem: str = ""

    def service(self, name: str) -> ServiceSpec:
        """Return the service as `compose` describes it, else as the shipped file does.

        A database URL in its environment reaches no server but `db`. Its memory limit is at most that of
        lab.toml and that of the shipped file. Raises UsageError if it is in neither.
        """
        spec = self.compose.services.get(name) or self.shipped.service(name)
        confined = {key: _confined(text) for key, text in spec.environment.items()}
        known = self.shipped.services.get(name)
        limits = (spec.memory_limit, self._most_memory().get(name), known.memory_limit if known else None)
        limit = min((one for one in limits if one is not None), default=None)
        return replace(spec, environment=confined, memory_limit=limit)

    @property
    def logins(self) -> frozenset[Login]:
        """The logins of the shipped compose file."""
        return logins_of(self.shipped)

    def memory_limits(self) -> Mapping[str, int]:
        """The limits in bytes of the services that lab.toml limits."""
        limits = {name: self.service(name).memory_limit for name in self._most_memory()}
        return {name: limit for name, limit in limits.items() if limit is not None}

    def _most_memory(self) -> Mapping[str, int]:
        services = profile_of(self.workspace).services
        return {one.name: one.memory_limit for one in services if one.memory_limit is not None}


def copy(workspace: Workspace, target: Path) -> Code:
    """Copy the folders and files of the code, as they are in the workspace now, to `target`.

    Raises:
        EnvironmentFault: a file cannot be read or written.
        InvalidFile: the compose file that counts as shipped cannot be used.
    """
    copy_files(workspace, target)
    kept = shipped_compose(target, workspace)
    write_atomic(kept, shipped_compose_text(workspace))
    _open_to_walls(kept.parent)
    return read(Workspace(target, workspace.library))


def copy_files(workspace: Workspace, target: Path) -> None:
    """Copy the folders and files of the code as they are now, and nothing else, to `target`.

    Raises EnvironmentFault: a file cannot be read or written.
    """
    profile = profile_of(workspace)
    try:
        for name in profile.folders:
            source = workspace.root / name
            # A link stays a link: what it leads to may be anything, of any size.
            if source.is_symlink():
                _copy_link(source, target / name)
            elif source.is_dir():
                shutil.copytree(source, target / name, ignore=NOT_COPIED, symlinks=True)
        for name in profile.files:
            source = workspace.root / name
            if source.is_symlink():
                _copy_link(source, target / name)
            elif source.is_file():
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target / name)
    except (OSError, shutil.Error) as error:
        raise EnvironmentFault(f"The code in {workspace.root} cannot be copied: {error}.") from error
    (target / ".lab").mkdir(exist_ok=True)  # as where a lab is up; the services see an empty one in both
    _open_to_walls(target)


def shipped_compose(target: Path, workspace: Workspace) -> Path:
    """Return where the shipped compose file is kept: beside the code, where the services don't see it."""
    return target.with_name("shipped") / workspace.compose_file.name


def read(copied: Workspace) -> Code:
    """Return the code that `copy` made. Raises InvalidFile: the shipped compose file cannot be used."""
    kept = shipped_compose(copied.root, copied)
    as_shipped = compose.read(kept)
    # Other variables of the caller's are none of the candidate's business.
    known = {name: os.environ[name] for name in VARIABLE.findall(kept.read_text()) if name in os.environ}
    file = copied.compose_file
    if any(path.is_symlink() for path in (file, file.parent)):
        return Code(copied, as_shipped, as_shipped, f"{file.name} cannot be used: it is a link")
    try:
        return Code(copied, compose.read(copied.compose_file, known), as_shipped)
    except InvalidFile as error:
        problem = f"{copied.compose_file.name} cannot be used: {'; '.join(error.problems)}"
        return Code(copied, as_shipped, as_shipped, problem)


def has_shipped_migrations(workspace: Workspace, copied: Workspace) -> bool:
    """Whether the copy has just the migrations that `workspace` was shipped with: none has to be run."""
    try:
        kept = {file.path: file.blob for file in shipped.files(workspace) if _is_migration(file.path)}
    except EnvironmentFault:
        return False
    paths = [path for path in shipped.current_files(copied) if _is_migration(path)]
    if any((copied.root / path).is_symlink() for path in (*paths, Path("migrations"))):
        return False
    return kept == {path: blob_id((copied.root / path).read_bytes()) for path in paths}


def _open_to_walls(folder: Path) -> None:
    if os.geteuid() == 0:  # walls run as another user; a link is not followed
        run(["chmod", "-R", "a+rX", folder])


def _copy_link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.symlink_to(source.readlink())


def _is_migration(path: PurePosixPath) -> bool:
    return path.parts[0] in {"migrations", "alembic.ini"}


def shipped_compose_text(workspace: Workspace) -> bytes:
    """Return the library's compose file; if the workspace is the library, the one that was kept."""
    if workspace.library.root == workspace.root:
        name = workspace.compose_file.relative_to(workspace.root).as_posix()
        # A workspace that was never up has kept none; one that was edited before may have kept a damaged one.
        with suppress(EnvironmentFault, InvalidFile, Refused):
            for file in shipped.files(workspace):
                if file.path.as_posix() == name:
                    return shipped.content(workspace, file)
    return workspace.library.compose_file.read_bytes()


def _confined(text: str) -> str:
    """Return `text`; a database URL gets an unreachable address unless its host is the `db` service."""
    if not text.startswith("postgres"):
        return text
    login, at, place = text.partition("://")[2].rpartition("@")
    host = re.split(r"[:/?]", place, maxsplit=1)[0]
    if host == DATABASE_SERVICE:
        return text
    return f"{text.partition('://')[0]}://{login}{at}{UNREACHABLE}/{place.partition('/')[2]}"
