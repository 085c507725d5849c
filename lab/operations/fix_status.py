"""The state of every fix, from the workspace's files and its database; and the history of changes."""

from contextlib import suppress
from dataclasses import dataclass

from lab.catalog import Fix
from lab.database import workspace_url
from lab.engine import journal
from lab.engine.fix_states import compare_objects, plan_file_changes, read_fix_states
from lab.engine.journal import Event as Event
from lab.engine.patches import Patcher, ShippedTexts
from lab.engine.plan import FixState, to_apply, to_revert
from lab.engine.schema import read_schema
from lab.engine.state import State as State
from lab.engine.verb import Verb
from lab.errors import DatabaseUnreachable, Locked, Refused
from lab.lock import exclusive_lock
from lab.operations.catalog import BrokenFix, broken_fixes, catalog_of
from lab.progress import silent
from lab.workspace import Workspace


@dataclass(frozen=True, slots=True)
class FixStatusRow:
    """The state of one fix: as a whole, of its code, of its schema.

    `why` explains a mixed state. `blocked` says why the fix cannot be applied or, if it is applied, reverted.
    It is empty if nothing prevents that, a fix that it requires is not applied, or there is no database.
    """

    number: int
    slug: str
    title: str
    state: State
    code: State
    schema: State
    why: tuple[str, ...]
    blocked: str
    built_in: bool = False
    """Whether it is built into the handout in this workspace."""


@dataclass(frozen=True, slots=True)
class FixStatus:
    """The state of every fix by number, and the folders that cannot be used.

    `database` says why the schema is unknown; empty if it is known. `interrupted` are the numbers of the
    fixes whose change was interrupted.
    """

    fixes: tuple[FixStatusRow, ...]
    unusable: tuple[BrokenFix, ...]
    database: str
    interrupted: tuple[int, ...]


def fix_status(workspace: Workspace) -> FixStatus:
    """Return the state of every fix. Without a database, the state of the schema is unknown.

    Raises:
        UsageError: there is no `fixes/`, LAB_DATABASE_URL is malformed, or the journal is damaged.
        EnvironmentFault: a file cannot be read, or git is missing.
    """
    catalog = catalog_of(workspace)
    patcher = Patcher(ShippedTexts(workspace))
    problem = ""
    try:
        snapshot = read_schema(workspace_url(workspace))
    except DatabaseUnreachable as error:
        snapshot, problem = None, str(error)
    found = read_fix_states(workspace, catalog.fixes, patcher, snapshot)
    if snapshot is not None:
        found = compare_objects(found, workspace_url(workspace))
    rows = []
    for fix, one in ((fix, found[fix.number]) for fix in catalog.fixes):
        states, why = (one.state, one.code.state, one.schema.state), one.why
        if one.is_candidates:
            states, why = (State.PRESENT,) * 3, ("it is there, and not by lab",)
        blocked = _blocked(workspace, patcher, fix, found)
        rows.append(FixStatusRow(fix.number, fix.slug, fix.title, *states, why, blocked, one.built_in))
    interrupted: tuple[int, ...] = ()
    if entry := journal.read(workspace):
        with suppress(Locked), exclusive_lock(workspace.lock, progress=silent, wait=0):
            interrupted = entry.numbers  # a change that is still running holds the lock
    return FixStatus(tuple(rows), broken_fixes(catalog), problem, interrupted)


def fixes_in_code(workspace: Workspace) -> tuple[int, ...]:
    """Return the numbers of the fixes that lab applied and whose code is still there, at least in part.

    The candidate's lab cannot look for their code: it returns all that were applied and not reverted.
    """
    if workspace.library.is_handout:
        return tuple(sorted(journal.given_sql(workspace)))
    found = read_fix_states(workspace, catalog_of(workspace).fixes, Patcher(ShippedTexts(workspace)), None)
    return tuple(n for n, one in found.items() if one.applied_by_lab and one.code.state is not State.ABSENT)


def fix_log(workspace: Workspace) -> tuple[Event, ...]:
    """Return every finished change of fixes, oldest first."""
    return journal.history(workspace)


def _blocked(workspace: Workspace, patcher: Patcher, fix: Fix, found: dict[int, FixState]) -> str:
    fix_state = found[fix.number]
    required = {number: found[number] for number in fix.requires}
    lacks_required = fix_state.state is State.ABSENT and not all(one.is_there for one in required.values())
    if fix_state.schema.state is State.UNKNOWN or lacks_required:
        return ""
    verb = Verb.REVERT if fix_state.recorded else Verb.APPLY
    try:
        going = (to_revert if fix_state.recorded else to_apply)([fix], {fix.number: fix_state, **required})
        plan_file_changes(patcher, workspace, verb, going, found)
    except Refused as refusal:
        return refusal.message
    return ""
