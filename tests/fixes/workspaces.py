"""Copies of the whole project as workspaces of their own, as `lab up` leaves them."""

import shutil
from pathlib import Path

from lab import shipped
from lab.workspace import Workspace
from tests.conftest import PROJECT

PARTS = ("app", "compose", "fixes", "migrations", "seed")


def copy_project(root: Path, url: str) -> Workspace:
    """The shipped code in `root`, with `url` as its database."""
    for part in PARTS:
        shutil.copytree(PROJECT / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "alembic.ini", root)
    workspace = Workspace(root)
    workspace.state.mkdir()
    workspace.database_url_file.write_text(url)
    shipped.keep(workspace)
    return workspace
