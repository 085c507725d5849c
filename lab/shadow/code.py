"""A copy of the code under repair, so that edits during a measurement do not affect it."""

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
from lab.runtime.stack import DATABASE_SERVICE
from lab.workspace import Workspace

NOT_COPIED = shutil.ignore_patterns("__pycache__", ".git", ".lab", ".venv", "*.pyc")
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
        lab.toml. Raises UsageError if it is in neither.
        """
        spec = self.compose.services.get(name) or self.shipped.service(name)
        confined = {key: _confined(text) for key, text in spec.environment.items()}
        limit = spec.memory_limit
        if (most := self._most_memory().get(name)) is not None:
            limit = min(most, limit or most)
        return replace(spec, environment=confined, memory_limit=limit)

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
    profile = profile_of(workspace)
    try:
        for name in profile.folders:
            if (source := workspace.root / name).is_dir():
                # A link stays a link: what it leads to may be anything, of any size.
                shutil.copytree(source, target / name, ignore=NOT_COPIED, symlinks=True)
        for name in profile.files:
            if (source := workspace.root / name).is_file():
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target / name)
    except (OSError, shutil.Error) as error:
        raise EnvironmentFault(f"The code in {workspace.root} cannot be copied: {error}.") from error
    copied, as_shipped = Workspace(target, workspace.library), _as_shipped(workspace, target)
    try:
        return Code(copied, compose.read(copied.compose_file), as_shipped)
    except InvalidFile as error:
        problem = f"{workspace.compose_file.name} cannot be used: {'; '.join(error.problems)}"
        return Code(copied, as_shipped, as_shipped, problem)


def has_shipped_migrations(workspace: Workspace, copied: Workspace) -> bool:
    """Whether the copy has just the migrations that `workspace` was shipped with: none has to be run."""
    try:
        kept = {file.path: file.blob for file in shipped.files(workspace) if _is_migration(file.path)}
    except EnvironmentFault:
        return False
    paths = [path for path in shipped.current_files(copied) if _is_migration(path)]
    if any((copied.root / path).is_symlink() for path in paths):
        return False
    return kept == {path: blob_id((copied.root / path).read_bytes()) for path in paths}


def _is_migration(path: PurePosixPath) -> bool:
    return path.parts[0] in {"migrations", "alembic.ini"}


def _as_shipped(workspace: Workspace, target: Path) -> ComposeFile:
    """Return the library's compose file; if the workspace is the library, the one that was kept."""
    if workspace.library.root != workspace.root:
        return compose.read(workspace.library.compose_file)
    name = workspace.compose_file.relative_to(workspace.root).as_posix()
    # A workspace that was never up has kept none, and one that was edited before may have kept a damaged one.
    with suppress(EnvironmentFault, InvalidFile, Refused):
        for file in shipped.files(workspace):
            if file.path.as_posix() == name:
                write_atomic(target / "shipped-compose.yml", shipped.content(workspace, file))
                return compose.read(target / "shipped-compose.yml")
    return compose.read(workspace.compose_file)


def _confined(text: str) -> str:
    """Return `text`; a database URL gets an unreachable address unless its host is the `db` service."""
    if not text.startswith("postgres"):
        return text
    login, at, place = text.partition("://")[2].rpartition("@")
    host = re.split(r"[:/?]", place, maxsplit=1)[0]
    if host == DATABASE_SERVICE:
        return text
    return f"{text.partition('://')[0]}://{login}{at}{UNREACHABLE}/{place.partition('/')[2]}"
