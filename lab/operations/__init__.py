"""One function for each command, with typed results. The command line uses nothing else of lab.

This module imports almost nothing, so that `lab --version` is fast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.errors import INTERRUPTED, EnvironmentFault, LabError, Refused
from lab.json_files import to_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lab.library import Library
    from lab.progress import Progress, Update
    from lab.workspace import Workspace

INTERVIEWERS = ("fix", "check", "demo", "hint", "handout", "grade", "card", "regrade", "new")
"""The commands that are not a candidate's: a handout has none of them."""

FORMATS = ("junit", "ctrf", "gradescope", "prairielearn", "summary", "sarif", "annotations", "csv")
"""The names of lab.scorecard.formats.registry, which is slow to import."""

__all__ = [
    "FORMATS",
    "INTERRUPTED",
    "INTERVIEWERS",
    "EnvironmentFault",
    "LabError",
    "Progress",
    "Refused",
    "Update",
    "Workspace",
    "to_json",
]


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


def is_handout() -> bool:
    """Return whether this `lab` is that of a handout, so that a candidate uses it."""
    from lab import library

    return (library.PACKAGE.parent / library.HANDOUT_MARK).is_file()


def note_command(words: Sequence[str], code: int) -> None:
    """In a handout whose lab was started, add the command and its exit code to the timeline."""
    if is_handout():
        from lab import library, timeline

        timeline.add(library.PACKAGE.parent, words, code)
