"""A scratch workspace of the shipped code, with a database of its own, for a caller to change."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab import shipped
from lab.files import write_atomic
from lab.runtime.prepared import Prepared
from lab.shadow import leftovers
from lab.shadow.server import start_server
from lab.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Scratch:
    """A workspace and the URL of its database, for the owner. The database is at the shipped head."""

    workspace: Workspace
    url: str

    def files(self) -> Mapping[str, bytes]:
        """Return the content of every file in the shipped folders, by its path in the workspace."""
        root = self.workspace.root
        return {str(path): (root / path).read_bytes() for path in shipped.current_files(self.workspace)}


@contextmanager
def scratch(workspace: Workspace, prepared: Prepared, folder: Path) -> Iterator[Scratch]:
    """Make a scratch workspace of the code that `workspace` was shipped with; remove it after the block.

    Its files are made in `folder`, and its database server is a copy of the prepared one.

    Raises:
        Refused: a kept file is missing or damaged.
        EnvironmentFault: no shipped code was kept, or the server cannot be started or stopped.
    """
    reserved = leftovers.reserve(folder)
    try:
        made = write_shipped(workspace, reserved.code)
        url = start_server(prepared, reserved).url
        write_atomic(made.database_url_file, url.encode(), mode=0o600)
        yield Scratch(made, url)
    finally:
        leftovers.remove(reserved)


def write_shipped(workspace: Workspace, target: Path) -> Workspace:
    """Write the code that `workspace` was shipped with to the folder, and return it as a workspace.

    Raises as `lab.shipped.write_to` does.
    """
    shipped.write_to(workspace, target)
    made = Workspace(target, workspace.library)
    if workspace.shipped.is_dir():
        shutil.copytree(workspace.shipped, made.shipped)
    return made
