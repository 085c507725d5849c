"""The candidate's history, in a copy that Alembic reads behind a wall, and what is required of it."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lab import handouts, sandbox
from lab.engine.candidate_history import CandidateHistory
from lab.engine.revisions import History
from lab.errors import Refused
from lab.files import change_owner
from lab.operations import template
from lab.shadow.code import copy_files
from lab.workspace import Workspace


@contextmanager
def candidate_history(
    workspace: Workspace, url: str, *, writable: bool = False, regain: Callable[[], str] = lambda: ""
) -> Iterator[CandidateHistory]:
    """Yield the history in a copy of the code, which is deleted after the block.

    With `writable`, the walled process owns the copy. `regain` is as in `CandidateHistory`.
    """
    means = sandbox.found()
    with tempfile.TemporaryDirectory(prefix="lab-", ignore_cleanup_errors=True) as made:
        folder = Path(made).resolve()
        copy_files(workspace, folder)
        if writable and means.switches_user:
            change_owner(folder, means.uid)
        yield CandidateHistory(folder, url, means, regain)


def shipped_head(workspace: Workspace) -> str:
    """Return the revision below the candidate's: that of a handout, from its record, else of the library."""
    record = handouts.recorded_in(workspace.root, workspace.library)
    return record.head if record else template.shipped_head(workspace)


def only_head(history: History) -> str:
    """Return the only head. Raises Refused: there are several, or none."""
    if len(history.heads) == 1:
        return history.heads[0]
    if not history.heads:
        raise Refused("There are no revisions.", "Restore their files: git checkout, or lab reset --code")
    raise Refused(
        f"There are {len(history.heads)} heads: {', '.join(history.heads)}.",
        f"Merge them: alembic merge -m MESSAGE {' '.join(history.heads)}",
    )


def require_known(history: History, database: tuple[str, ...]) -> None:
    """Raise Refused if the database has a revision that no file has."""
    if unknown := [one for one in database if one not in history.ids]:
        raise Refused(
            f"The database is at revision {', '.join(unknown)}, which no file has.",
            "Restore its file; or give the database its first schema and rows again: lab reset",
        )
