"""The code under repair, copied: an edit in the middle of a measurement changes nothing in it."""

import re
import shutil
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from lab import compose, shipped
from lab.compose import ComposeFile, ServiceSpec
from lab.errors import EnvironmentFault, InvalidFile
from lab.files import write_atomic
from lab.runtime.stack import DATABASE_SERVICE
from lab.shipped import FILES, FOLDERS
from lab.workspace import PROJECT, Workspace

LEFT_OUT = shutil.ignore_patterns("__pycache__", ".git", ".lab", ".venv", "*.pyc")
NOWHERE = "127.0.0.1:1"
MEMORY = 2**28
"""Bytes that device-service may use at most: bug 6 is what does not fit, and no file says otherwise."""


@dataclass(frozen=True, slots=True)
class Code:
    """A copy of a workspace's code, and what its compose file says. `problem` when that cannot be used."""

    workspace: Workspace
    compose: ComposeFile
    shipped: ComposeFile
    problem: str = ""

    def service(self, name: str) -> ServiceSpec:
        """The service as the file describes it, else as the lab came with it."""
        spec = self.compose.services.get(name) or self.shipped.service(name)
        return replace(spec, environment={key: _walled(text) for key, text in spec.environment.items()})

    @property
    def memory_limit(self) -> int:
        """What device-service may use: never more than MEMORY, whatever the file says."""
        return min(MEMORY, self.service("device-service").memory_limit or MEMORY)


def copy(workspace: Workspace, target: Path) -> Code:
    """Copy what the services and the migrations are made of.

    Raises:
        EnvironmentFault: it cannot be read or written.
        InvalidFile: the compose file cannot be used, and neither can the one that the lab came with.
    """
    try:
        for name in FOLDERS:
            if (workspace.root / name).is_dir():
                shutil.copytree(
                    workspace.root / name, target / name, ignore=LEFT_OUT, ignore_dangling_symlinks=True
                )
        for name in FILES:
            shutil.copy2(workspace.root / name, target / name)
    except (OSError, shutil.Error) as error:
        raise EnvironmentFault(f"The code in {workspace.root} cannot be copied: {error}.") from error
    copied, as_shipped = Workspace(target), _as_shipped(workspace, target)
    try:
        return Code(copied, compose.read(copied.compose_file), as_shipped)
    except InvalidFile as error:
        problems = "; ".join(error.problems)
        return Code(
            copied, as_shipped, as_shipped, f"{workspace.compose_file.name} cannot be used: {problems}"
        )


def _as_shipped(workspace: Workspace, target: Path) -> ComposeFile:
    """The compose file as shipped: what was kept, for the lab may be installed from this very workspace."""
    name = workspace.compose_file.relative_to(workspace.root).as_posix()
    # Nothing was kept where the workspace never had a lab of its own; what was, may have been damaged first.
    with suppress(EnvironmentFault, InvalidFile):
        for file in shipped.files(workspace):
            if file.path.as_posix() == name and (text := shipped.content(workspace, file.blob)) is not None:
                write_atomic(target / "shipped-compose.yml", text)
                return compose.read(target / "shipped-compose.yml")
    return compose.read(Workspace(PROJECT).compose_file)


def _walled(text: str) -> str:
    """A database URL that names anything but the compose network's database leads nowhere from in here."""
    if not text.startswith("postgres"):
        return text
    login, at, place = text.partition("://")[2].rpartition("@")
    host = re.split(r"[:/?]", place, maxsplit=1)[0]
    if host == DATABASE_SERVICE:
        return text
    return f"{text.partition('://')[0]}://{login}{at}{NOWHERE}/{place.partition('/')[2]}"
