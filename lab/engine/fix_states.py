"""Read the state of fixes, and compute the files that a change would write. Nothing is written.

Both functions raise EnvironmentFault if a file cannot be read, or git is missing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import PurePosixPath

from lab import handouts
from lab.catalog import Fix
from lab.engine import candidate, file_changes, journal
from lab.engine.equivalence import has_same_objects
from lab.engine.patches import Patcher
from lab.engine.plan import FixState, mixed_state
from lab.engine.schema import SchemaSnapshot
from lab.engine.state import PartState, State
from lab.engine.verb import Verb
from lab.errors import Refused
from lab.workspace import Workspace


@dataclass(frozen=True, slots=True)
class PlannedFiles:
    """The file changes of each fix by its number, and the files in which a candidate's lines are replaced."""

    changes: Mapping[int, tuple[file_changes.FileChange, ...]]
    replaced: tuple[PurePosixPath, ...] = ()


def read_fix_states(
    workspace: Workspace, fixes: Iterable[Fix], patcher: Patcher, snapshot: SchemaSnapshot | None
) -> dict[int, FixState]:
    """Return the state of each fix by its number. Without a snapshot, the schema's state is unknown.

    A fix that is built into the handout in the workspace counts as present.
    """
    read = partial(file_changes.read, workspace.root)
    applied_by_lab = journal.applied_by_lab(workspace)
    schema_only = journal.schema_applied_by_lab(workspace)
    record = handouts.recorded_in(workspace.root, workspace.library)
    built_in = record.built_in if record else ()
    creator_of = partial(candidate.creator_of, workspace)
    present = PartState(State.PRESENT)
    return {
        fix.number: FixState(fix, present, present, recorded=False, applied_by_lab=False, built_in=True)
        if fix.number in built_in
        else FixState(
            fix,
            patcher.state_of(fix, read),
            PartState(State.UNKNOWN) if snapshot is None else snapshot.state_of(fix, creator_of),
            snapshot is not None and fix.revision in snapshot.recorded,
            fix.number in applied_by_lab,
            fix.number in schema_only,
        )
        for fix in fixes
    }


def compare_objects(states: Mapping[int, FixState], url: str) -> dict[int, FixState]:
    """Return the states, with `has_same_objects` found out where it matters: the candidate wrote the code.

    Raises DatabaseUnreachable.
    """

    def compared(one: FixState) -> FixState:
        is_own = one.code.state is State.PRESENT and not one.recorded and not one.applied_by_lab
        if not is_own or one.schema.state is not State.MIXED:
            return one
        return replace(one, has_same_objects=has_same_objects(url, one.fix))

    return {number: compared(one) for number, one in states.items()}


def plan_file_changes(
    patcher: Patcher,
    workspace: Workspace,
    verb: Verb,
    fixes: Iterable[Fix],
    states: Mapping[int, FixState],
    *,
    replacing: bool = False,
) -> PlannedFiles:
    """Return the file changes of each fix, without files that are in the wanted state.

    The fixes change the files in the given order. `states` holds the state of each of them. With `replacing`,
    a fix is applied in place of the candidate's lines that are in its way.

    Raises:
        Refused: the code of a fix conflicts with the candidate's, or only a part of it is there.
    """
    planned: dict[PurePosixPath, bytes | None] = {}

    def read(path: PurePosixPath) -> bytes | None:
        return planned[path] if path in planned else file_changes.read(workspace.root, path)

    changes: dict[int, tuple[file_changes.FileChange, ...]] = {}
    replaced: list[PurePosixPath] = []
    for fix in fixes:
        state = states[fix.number]
        if state.code_is_own:
            changes[fix.number] = ()
            continue
        try:
            files = patcher.change(fix, verb, read)
        except Refused:
            if replacing:
                files = patcher.replacement(fix, read)
                replaced += [file.path for file in files if not _fits(patcher, fix, file.path, read)]
            else:
                # If the workspace's own lines are the conflict, report them with their current line numbers.
                patcher.change(fix, verb, partial(file_changes.read, workspace.root))
                raise
        else:
            if state.code.state is State.MIXED:
                if not replacing:
                    raise mixed_state(state)
                replaced += [file.path for file in files if file.before == file.after]
        changes[fix.number] = tuple(file for file in files if file.before != file.after)
        planned.update({file.path: file.after for file in files})
    if replaced:
        there = [state for number, state in states.items() if state.recorded or number in changes]
        _require_kept(patcher, there, replaced, read)
    return PlannedFiles(changes, tuple(dict.fromkeys(replaced)))


def _fits(patcher: Patcher, fix: Fix, path: PurePosixPath, read: file_changes.ReadFile) -> bool:
    try:
        patcher.change(fix, Verb.APPLY, read, only=path)
    except Refused:
        return False
    return True


def _require_kept(
    patcher: Patcher,
    there: Iterable[FixState],
    replaced: Iterable[PurePosixPath],
    read: file_changes.ReadFile,
) -> None:
    """Refuse a replacement after which a fix that is, or gets, applied would lack its code."""
    for fix in (state.fix for state in there):
        lacks_code = patcher.state_of(fix, read).state is not State.PRESENT
        if lacks_code and any(file.path in replaced for file in fix.files):
            raise Refused(
                f"The lines in the way cannot be replaced: lines of fix {fix.number} are in the same edit.",
                f"Nothing was touched. First revert that fix: lab fix recover {fix.number}; or restore the"
                " shipped code, with all edits saved as a patch: lab reset --code",
            )
