"""One function for each command, with typed results. The command line uses nothing else of lab.

This module imports almost nothing, so that `lab --version` is fast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.errors import INTERRUPTED, EnvironmentFault, LabError
from lab.json_files import to_json

if TYPE_CHECKING:
    from lab.library import Library
    from lab.progress import Progress, Update
    from lab.workspace import Workspace

__all__ = ["INTERRUPTED", "EnvironmentFault", "LabError", "Progress", "Update", "Workspace", "to_json"]


def find_workspace(folder: str, library: str | None = None, *, optional: bool = False) -> Workspace:
    """Return the nearest workspace at or above `folder`, with the library that `find_library` returns.

    With `optional`, the library's own folder takes its place if there is none.
    Raises UsageError if there is no workspace, or no library.
    """
    from pathlib import Path

    from lab import workspace
    from lab.errors import UsageError

    found = find_library(library)
    try:
        return workspace.find_workspace(Path(folder), found)
    except UsageError:
        if not optional:
            raise
        return workspace.Workspace(found.root, found)


def find_library(folder: str | None = None) -> Library:
    """Return the library in `folder`, else the one that LAB_LIBRARY names, else the installed one.

    Raises UsageError if it is no library.
    """
    from os import environ
    from pathlib import Path

    from lab import library

    return library.find_library(Path(folder) if folder else None, environ)
