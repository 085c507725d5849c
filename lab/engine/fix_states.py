"""Read the state of fixes, and compute the files that a change would write. Nothing is written.

Both functions raise EnvironmentFault if a file cannot be read, or git is missing.
"""

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import PurePosixPath

from lab.catalog import Fix
from lab.engine import candidate, file_changes, journal
from lab.engine.patches import Patcher
from lab.engine.plan import FixState, mixed_state
from lab.engine.schema import SchemaSnapshot
from lab.engine.state import PartState, State
from lab.engine.verb import Verb
from lab.errors import Refused
from lab.workspace import Workspace


def read_fix_states(
    workspace: Workspace, fixes: Iterable[Fix], patcher: Patcher, snapshot: SchemaSnapshot | None
) -> dict[int, FixState]:
    """Return the state of each fix by its number. Without a snapshot, the schema's state is unknown."""
    read = partial(file_changes.read, workspace.root)
    applied_by_lab = journal.applied_by_lab(workspace)
    creator_of = partial(candidate.creator_of, workspace)
    return {
        fix.number: FixState(
            fix,
            patcher.state_of(fix, read),
            PartState(State.UNKNOWN) if snapshot is None else snapshot.state_of(fix, creator_of),
            snapshot is not None and fix.revision in snapshot.recorded,
            fix.number in applied_by_lab,
        )
        for fix in fixes
    }


def plan_file_changes(
    patcher: Patcher, workspace: Workspace, verb: Verb, fixes: Iterable[Fix], states: Mapping[int, FixState]
) -> dict[int, tuple[file_changes.FileChange, ...]]:
    """Return the file changes of each fix by its number, without files that are in the wanted state.

    The fixes change the files in the given order. `states` holds the state of each of them.

    Raises:
        Refused: the code of a fix conflicts with the candidate's, or only a part of it is there.
    """
    planned: dict[PurePosixPath, bytes | None] = {}

    def read(path: PurePosixPath) -> bytes | None:
        return planned[path] if path in planned else file_changes.read(workspace.root, path)

    changes: dict[int, tuple[file_changes.FileChange, ...]] = {}
    for fix in fixes:
        try:
            files = patcher.change(fix, verb, read)
        except Refused:
            # If the workspace's own lines are the conflict, report them with their current line numbers.
            patcher.change(fix, verb, partial(file_changes.read, workspace.root))
            raise
        if states[fix.number].code.state is State.MIXED:
            raise mixed_state(states[fix.number])
        changes[fix.number] = tuple(file for file in files if file.before != file.after)
        planned.update({file.path: file.after for file in files})
    return changes
