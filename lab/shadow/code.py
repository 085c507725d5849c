"""A copy of the code under repair, so that edits during a measurement do not affect it."""

import re
import shutil
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from lab import compose, shipped
from lab.compose import ComposeFile, ServiceSpec
from lab.errors import EnvironmentFault, InvalidFile, Refused
from lab.files import write_atomic
from lab.runtime.stack import DATABASE_SERVICE
from lab.shipped import FILES, FOLDERS
from lab.workspace import PROJECT, Workspace

NOT_COPIED = shutil.ignore_patterns("__pycache__", ".git", ".lab", ".venv", "*.pyc")
UNREACHABLE = "127.0.0.1:1"
MEMORY_LIMIT = 2**28
"""Bytes: the limit of device-service when bug 6 is measured. The compose file can only lower it."""


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

        A database URL in its environment reaches no server but `db`. Raises UsageError if it is in neither.
        """
        spec = self.compose.services.get(name) or self.shipped.service(name)
        confined = {key: _confined(text) for key, text in spec.environment.items()}
        return replace(spec, environment=confined)

    @property
    def memory_limit(self) -> int:
        """The memory limit of device-service in bytes, at most MEMORY_LIMIT."""
        return min(MEMORY_LIMIT, self.service("device-service").memory_limit or MEMORY_LIMIT)


def copy(workspace: Workspace, target: Path, installation: Path = PROJECT) -> Code:
    """Copy the shipped folders and alembic.ini, as they are in the workspace now, to `target`.

    `installation` has the compose file that counts as shipped if the workspace has kept none.

    Raises:
        EnvironmentFault: a file cannot be read or written.
        InvalidFile: the compose file that counts as shipped cannot be used.
    """
    try:
        for name in FOLDERS:
            if (source := workspace.root / name).is_dir():
                shutil.copytree(source, target / name, ignore=NOT_COPIED, ignore_dangling_symlinks=True)
        for name in FILES:
            shutil.copy2(workspace.root / name, target / name)
    except (OSError, shutil.Error) as error:
        raise EnvironmentFault(f"The code in {workspace.root} cannot be copied: {error}.") from error
    copied, as_shipped = Workspace(target), _as_shipped(workspace, target, installation)
    try:
        return Code(copied, compose.read(copied.compose_file), as_shipped)
    except InvalidFile as error:
        problem = f"{workspace.compose_file.name} cannot be used: {'; '.join(error.problems)}"
        return Code(copied, as_shipped, as_shipped, problem)


def _as_shipped(workspace: Workspace, target: Path, installation: Path) -> ComposeFile:
    """Return the compose file that was kept as shipped: the installed one may be the candidate's own."""
    name = workspace.compose_file.relative_to(workspace.root).as_posix()
    # A workspace that was never up has kept none, and one that was edited before may have kept a damaged one.
    with suppress(EnvironmentFault, InvalidFile, Refused):
        for file in shipped.files(workspace):
            if file.path.as_posix() == name:
                write_atomic(target / "shipped-compose.yml", shipped.content(workspace, file))
                return compose.read(target / "shipped-compose.yml")
    return compose.read(Workspace(installation).compose_file)


def _confined(text: str) -> str:
    """Return `text`; a database URL gets an unreachable address unless its host is the `db` service."""
    if not text.startswith("postgres"):
        return text
    login, at, place = text.partition("://")[2].rpartition("@")
    host = re.split(r"[:/?]", place, maxsplit=1)[0]
    if host == DATABASE_SERVICE:
        return text
    return f"{text.partition('://')[0]}://{login}{at}{UNREACHABLE}/{place.partition('/')[2]}"
