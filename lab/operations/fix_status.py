"""How each fix stands."""

from dataclasses import dataclass

from lab.catalog import Fix
from lab.database import workspace_url
from lab.engine import journal
from lab.engine.fix_states import plan_file_changes, read_fix_states
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
    """How one fix stands; `blocked` says what of the candidate's keeps it from going on or off."""

    number: int
    slug: str
    title: str
    state: State
    code: State
    schema: State
    why: tuple[str, ...]
    blocked: str


@dataclass(frozen=True, slots=True)
class FixStatus:
    """Every fix; `database` says why the schema is unknown, `interrupted` which fixes were."""

    fixes: tuple[FixStatusRow, ...]
    unusable: tuple[BrokenFix, ...]
    database: str
    interrupted: tuple[int, ...]


def fix_status(workspace: Workspace) -> FixStatus:
    """How every fix stands, by looking at the files and the database; without one, the schema is unknown."""
    catalog = catalog_of(workspace)
    patcher = Patcher(ShippedTexts(workspace))
    missing = ""
    try:
        snapshot = read_schema(workspace_url(workspace))
    except DatabaseUnreachable as error:
        snapshot, missing = None, str(error)
    found = read_fix_states(workspace, catalog, patcher, snapshot)
    entry = journal.read(workspace)
    if entry is not None and is_locked(workspace):
        entry = None
    rows = tuple(
        FixStatusRow(
            fix.number,
            fix.slug,
            fix.title,
            found[fix.number].state,
            found[fix.number].code.state,
            found[fix.number].schema.state,
            found[fix.number].why,
            _blocked(workspace, patcher, fix, found),
        )
        for fix in catalog.fixes
    )
    return FixStatus(rows, broken_fixes(catalog), missing, entry.numbers if entry else ())


def fixes_in_code(workspace: Workspace) -> tuple[int, ...]:
    """The fixes that lab put on and whose code is there still: Git can have taken it away, unseen by lab."""
    found = read_fix_states(workspace, catalog_of(workspace), Patcher(ShippedTexts(workspace)), None)
    return tuple(n for n, one in found.items() if one.applied_by_lab and one.code.state is not State.ABSENT)


def is_locked(workspace: Workspace) -> bool:
    """Whether another lab is at work here now: then an open journal is no sign of a kill."""
    try:
        with exclusive_lock(workspace.lock, progress=silent, wait=0):
            return False
    except Locked:
        return True


def fix_log(workspace: Workspace) -> tuple[Event, ...]:
    """Every change that was done, oldest first."""
    return journal.history(workspace)


def _blocked(workspace: Workspace, patcher: Patcher, fix: Fix, found: dict[int, FixState]) -> str:
    """Why the fix would not go the way that is open to it; what it requires aside."""
    fix_state = found[fix.number]
    if fix_state.schema.state is State.UNKNOWN:
        return ""
    verb = Verb.REVERT if fix_state.recorded else Verb.APPLY
    alone = {fix.number: fix_state, **{n: found[n] for n in fix.requires}}
    try:
        going = to_revert([fix], alone) if verb is Verb.REVERT else to_apply([fix], alone)
        plan_file_changes(patcher, workspace, verb, going, found)
    except Refused as refusal:
        return refusal.message if not _lacks(fix, found) else ""
    return ""


def _lacks(fix: Fix, found: dict[int, FixState]) -> bool:
    return any(not found[n].recorded for n in fix.requires) and found[fix.number].state is State.ABSENT
