"""Open the hints of a bug one by one, and remember how many are open."""

import time
from dataclasses import dataclass

from lab import handouts
from lab.catalog import Fix
from lab.errors import InvalidFile, UsageError
from lab.files import write_atomic
from lab.json_files import from_json, to_json
from lab.lock import exclusive_lock
from lab.operations.catalog import one_fix
from lab.progress import silent
from lab.workspace import Workspace


@dataclass(frozen=True, slots=True)
class OpenedHint:
    """A hint of a bug: its number, from 1, its text, and how many of the bug's hints are left.

    `again`: it was the last one, and open already. `handout` is the id of the handout in whose record it was
    counted; empty if it was counted in the workspace.
    """

    bug: int
    symptom: str
    number: int
    text: str
    left: int
    again: bool
    handout: str


def open_hint(workspace: Workspace, token: str, for_: str | None = None) -> OpenedHint:
    """Open one more hint of the bug that `token` means, by number or slug; after the last, return that again.

    What is open is counted in the record of a handout: the one that `for_` names, by its id or a folder, or
    the one in the workspace. In any other workspace, it is counted there.

    Raises:
        UsageError: `token` means no bug or several, `for_` means no handout, or the handout lacks the bug.
        InvalidFile: the workspace's count is damaged.
        Locked: another lab holds the lock.
        EnvironmentFault: the count cannot be written.
    """
    library = workspace.library
    record = handouts.named(for_, library) if for_ else handouts.handout_in(workspace.root, library)
    fix = one_fix(workspace, token, "bug")
    if record is None:
        return _opened(fix, _count_in_workspace(workspace, fix), "")
    handouts.require_bug(record, fix.number)
    before = handouts.open_hint(library, record.id, fix.number, len(fix.hints), time.time())
    return _opened(fix, before, record.id)


def _opened(fix: Fix, before: int, handout: str) -> OpenedHint:
    total = len(fix.hints)
    number = min(before + 1, total)
    text = fix.hints[number - 1]
    return OpenedHint(fix.number, fix.symptom, number, text, total - number, before >= total, handout)


def _count_in_workspace(workspace: Workspace, fix: Fix) -> int:
    """Count one more open hint in the workspace, if one is left; return how many were open before."""
    if workspace.library.is_packaged and workspace.root == workspace.library.root:
        raise UsageError("This is no workspace.", "Change to one, or name a handout with --for.")
    with exclusive_lock(workspace.lock, progress=silent):
        try:
            opened = from_json(workspace.hints.read_bytes(), dict[int, int])
        except FileNotFoundError:
            opened = {}
        except (OSError, ValueError) as error:
            problem = f"the count of open hints cannot be read: {error}"
            raise InvalidFile(
                workspace.hints, [problem], "Delete that file: all hints are closed then."
            ) from error
        before = max(opened.get(fix.number, 0), 0)
        if before < len(fix.hints):
            write_atomic(workspace.hints, to_json(opened | {fix.number: before + 1}).encode())
    return before
