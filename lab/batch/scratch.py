"""The folder in which one submission is unpacked and measured."""

import shutil
from pathlib import Path

from lab.shadow.leftovers import remove_leftovers
from lab.workspace import Workspace


def remove_scratch(folder: Path) -> None:
    """End what still runs in the folder after its process has died, and delete the folder."""
    for root in {path.parent for path in folder.rglob(".lab") if path.is_dir()}:
        remove_leftovers(Workspace(root))
    shutil.rmtree(folder, ignore_errors=True)
