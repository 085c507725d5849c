"""Look at the library of fixes, and at how each stands: list, show, status, log; and begin a new one."""

from dataclasses import dataclass
from pathlib import Path

from lab.catalog import Catalog, Fix, load, scaffold
from lab.database import workspace_url
from lab.engine import journal, migrations
from lab.engine.fix_states import plan_file_changes, read_fix_states
from lab.engine.journal import Event as Event
from lab.engine.patches import Patcher, ShippedTexts
from lab.engine.plan import FixState, to_apply, to_revert
from lab.engine.schema import read_schema
from lab.engine.state import State as State
from lab.engine.verb import Verb
from lab.errors import DatabaseUnreachable, Locked, Refused, UsageError
from lab.lock import exclusive_lock
from lab.progress import silent
from lab.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Listed:
    """A fix as the list shows it."""

    number: int
    slug: str
    title: str
    difficulty: str
    area: str
    symptom: str


@dataclass(frozen=True, slots=True)
class Unusable:
    """A folder that cannot be used, and everything that is wrong with it."""

    folder: Path
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Library:
    """All there is."""

    fixes: tuple[Listed, ...]
    unusable: tuple[Unusable, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """One fix in full; the SQL is what plain Alembic would run."""

    number: int
    slug: str
    title: str
    difficulty: str
    area: str
    symptom: str
    hints: tuple[str, ...]
    objects: tuple[str, ...]
    requires: tuple[int, ...]
    order: str
    files: tuple[str, ...]
    diff: str
    upgrade_sql: str
    downgrade_sql: str
    guide: str


@dataclass(frozen=True, slots=True)
class Row:
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

    fixes: tuple[Row, ...]
    unusable: tuple[Unusable, ...]
    database: str
    interrupted: tuple[int, ...]


def catalog_of(workspace: Workspace) -> Catalog:
    """The library that the workspace uses."""
    return load(workspace.fixes, ShippedTexts(workspace).find)


def list_fixes(workspace: Workspace) -> Library:
    """What the library holds, and which folders cannot be used."""
    catalog = catalog_of(workspace)
    fixes = (Listed(f.number, f.slug, f.title, f.difficulty, f.area, f.symptom) for f in catalog.fixes)
    return Library(tuple(fixes), _unusable(catalog))


def show(workspace: Workspace, token: str) -> Shown:
    """One fix in full.

    Raises:
        UsageError: there is no such fix, or `token` means several.
    """
    catalog = catalog_of(workspace)
    chosen = catalog.select([token])
    if len(chosen) != 1:
        raise UsageError(f"{token!r} means {len(chosen)} fixes.", "Name one.")
    (fix,) = chosen
    return Shown(
        **{key: getattr(fix, key) for key in ("number", "slug", "title", "difficulty", "area", "symptom")},
        hints=fix.hints,
        objects=tuple(map(str, fix.objects)),
        requires=fix.requires,
        order=str(fix.order),
        files=tuple(str(file.path) for file in fix.files),
        diff=fix.diff,
        upgrade_sql=migrations.upgrade_sql(fix),
        downgrade_sql=migrations.downgrade_sql(fix),
        guide=fix.guide,
    )


def status(workspace: Workspace) -> FixStatus:
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
    if entry is not None and under_way(workspace):
        entry = None
    rows = tuple(
        Row(
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
    return FixStatus(rows, _unusable(catalog), missing, entry.numbers if entry else ())


def in_the_code(workspace: Workspace) -> tuple[int, ...]:
    """The fixes that lab put on and whose code is there still: Git can have taken it away, unseen by lab."""
    found = read_fix_states(workspace, catalog_of(workspace), Patcher(ShippedTexts(workspace)), None)
    return tuple(n for n, one in found.items() if one.applied_by_lab and one.code.state is not State.ABSENT)


def under_way(workspace: Workspace) -> bool:
    """Whether another lab is at work here now: then an open journal is no sign of a kill."""
    try:
        with exclusive_lock(workspace.lock, progress=silent, wait=0):
            return False
    except Locked:
        return True


def log(workspace: Workspace) -> tuple[Event, ...]:
    """Every change that was done, oldest first."""
    return journal.history(workspace)


def new(workspace: Workspace, slug: str) -> Unusable:
    """Make the folder of a new fix; returns it with what its author has to fill in.

    Raises:
        UsageError: the slug is not one.
        Refused: there is a fix of that slug.
    """
    folder = scaffold(workspace.fixes, slug)
    return next(report for report in _unusable(catalog_of(workspace)) if report.folder == folder)


def _unusable(catalog: Catalog) -> tuple[Unusable, ...]:
    return tuple(Unusable(report.path, report.problems) for report in catalog.broken)


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
