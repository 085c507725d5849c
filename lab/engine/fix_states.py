"""Look at every fix, and work out what its code would become. Nothing is written, no lock is needed."""

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import PurePosixPath

from lab.catalog import Catalog, Fix
from lab.engine import candidate, file_changes, journal
from lab.engine.patches import Patcher
from lab.engine.plan import FixState, mixed_state
from lab.engine.schema import SchemaSnapshot
from lab.engine.state import PartState, State
from lab.engine.verb import Verb
from lab.errors import Refused
from lab.workspace import Workspace


def read_fix_states(
    workspace: Workspace, catalog: Catalog, patcher: Patcher, view: SchemaSnapshot | None
) -> dict[int, FixState]:
    """How every fix stands; without a view of the database, its schema is unknown."""
    read = partial(file_changes.read, workspace.root)
    ours = journal.applied_by_lab(workspace)
    made_by = partial(candidate.creator_of, workspace)
    return {
        fix.number: FixState(
            fix,
            patcher.state_of(fix, read),
            PartState(State.UNKNOWN) if view is None else view.state_of(fix, made_by),
            view is not None and fix.revision in view.recorded,
            fix.number in ours,
        )
        for fix in catalog.fixes
    }


def plan_file_changes(
    patcher: Patcher, workspace: Workspace, verb: Verb, fixes: Iterable[Fix], found: Mapping[int, FixState]
) -> dict[int, tuple[file_changes.FileChange, ...]]:
    """Every file that each fix changes, before and after, one fix on top of the other; nothing is written.

    Raises:
        Refused: the code of one does not fit, or is there in part.
    """
    overlay: dict[PurePosixPath, bytes | None] = {}

    def read(path: PurePosixPath) -> bytes | None:
        return overlay[path] if path in overlay else file_changes.read(workspace.root, path)

    contents: dict[int, tuple[file_changes.FileChange, ...]] = {}
    for fix in fixes:
        try:
            changes = patcher.change(fix, verb, read)
        except Refused:
            # If the workspace's own lines are the conflict, report them with their current line numbers.
            patcher.change(fix, verb, partial(file_changes.read, workspace.root))
            raise
        if found[fix.number].code.state is State.MIXED:
            raise mixed_state(found[fix.number])
        contents[fix.number] = tuple(c for c in changes if c.before != c.after)
        overlay.update({change.path: change.after for change in changes})
    return contents
