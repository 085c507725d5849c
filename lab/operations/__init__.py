"""One function for each command, with typed results. The command line uses nothing else of lab.

This module imports almost nothing, so that `lab --version` is fast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.errors import INTERRUPTED, EnvironmentFault, LabError
from lab.json_files import to_json

if TYPE_CHECKING:
    from lab.progress import Progress, Update
    from lab.workspace import Workspace

__all__ = ["INTERRUPTED", "EnvironmentFault", "LabError", "Progress", "Update", "Workspace", "to_json"]


def find_workspace(folder: str) -> Workspace:
    """Return the nearest workspace at or above `folder`. Raises UsageError if there is none."""
    from pathlib import Path

    from lab import workspace

    return workspace.find_workspace(Path(folder))
