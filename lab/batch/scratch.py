"""The folder in which one submission is unpacked and measured."""

import os
import shutil
from pathlib import Path
from tempfile import mkdtemp

from lab.errors import EnvironmentFault
from lab.shadow.leftovers import remove_leftovers
from lab.workspace import Workspace


def make_scratch(prefix: str, parent: Path | None) -> Path:
    """Make a folder in `parent`, or in the system's folder for temporary files, and return its path.

    Raises:
        EnvironmentFault: it cannot be made.
    """
    try:
        folder = Path(mkdtemp(prefix=prefix, dir=parent)).resolve()
        if os.geteuid() == 0:  # what is measured runs as another user, who must get to its files
            folder.chmod(0o711)
    except OSError as error:
        raise EnvironmentFault(f"{error.filename} cannot be made: {error.strerror}.") from error
    return folder


def remove_scratch(folder: Path) -> None:
    """End what still runs in the folder after its process has died, and delete the folder."""
    for root in {path.parent for path in folder.rglob(".lab") if path.is_dir()}:
        remove_leftovers(Workspace(root))
    shutil.rmtree(folder, ignore_errors=True)
