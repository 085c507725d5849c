"""Put fixes on and take them off: apply, revert, recover. Schema and code go as one, or not at all."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path, PurePosixPath

from lab.catalog import Fix
from lab.database import workspace_url
from lab.engine import journal, migrations
from lab.engine.file_changes import FileChange
from lab.engine.fix_states import plan_file_changes, read_fix_states
from lab.engine.journal import Entry
from lab.engine.patches import Patcher, ShippedTexts
from lab.engine.plan import FixState, parts, to_apply, to_revert
from lab.engine.schema import lock_schema, read_schema
from lab.engine.state import State
from lab.engine.steps import Step
from lab.engine.transaction import DEFAULTS, Transaction, transaction
from lab.engine.transaction import Options as Options
from lab.engine.verb import Verb
from lab.errors import LabError, Refused
from lab.operations.catalog import catalog_of
from lab.operations.restart import restart_changed
from lab.progress import Update, silent
from lab.workspace import Workspace

Restart = Callable[[Workspace, frozenset[Path]], Sequence[str]]
"""Restarts the services that run these files and returns their names. The workspace's lock is held."""


@dataclass(frozen=True, slots=True)
class Changed:
    """What a change did, or would do: `diff` and `sql` are only worked out for a dry run."""

    verb: str
    fixes: tuple[int, ...]
    unchanged: tuple[int, ...]
    recovered: tuple[int, ...]
    files: tuple[str, ...]
    steps: tuple[Update, ...]
    seconds: float
    restarted: tuple[str, ...] = ()
    dry_run: bool = False
    diff: str = ""
    sql: str = ""


@dataclass(frozen=True, slots=True)
class SkippedFix:
    """A fix that recovery left alone, and why."""

    number: int
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recovered:
    """The fixes that are not applied now, and those that are still mixed."""

    fixes: tuple[int, ...]
    left: tuple[SkippedFix, ...]
    files: tuple[str, ...]
    seconds: float
    restarted: tuple[str, ...] = ()


def apply(
    workspace: Workspace,
    tokens: Sequence[str],
    *,
    dry_run: bool = False,
    restart: bool = True,
    restarter: Restart = restart_changed,
    options: Options = DEFAULTS,
) -> Changed:
    """Put fixes on, code and schema as one: all that are asked for, or none.

    Raises:
        UsageError: a token means no fix.
        Refused: one does not fit; nothing was touched.
        DatabaseUnreachable: there is no database.
    """
    return _change(Verb.APPLY, workspace, tokens, dry_run, restarter if restart else None, options)


def revert(
    workspace: Workspace,
    tokens: Sequence[str],
    *,
    dry_run: bool = False,
    restart: bool = True,
    restarter: Restart = restart_changed,
    options: Options = DEFAULTS,
) -> Changed:
    """Take fixes off, code and schema as one: all that are asked for, or none.

    Raises:
        UsageError: a token means no fix.
        Refused: the lines of one were edited since, or another fix requires it; nothing was touched.
        DatabaseUnreachable: there is no database.
    """
    return _change(Verb.REVERT, workspace, tokens, dry_run, restarter if restart else None, options)


def recover(
    workspace: Workspace,
    tokens: Sequence[str] = (),
    *,
    restart: bool = True,
    restarter: Restart = restart_changed,
    options: Options = DEFAULTS,
) -> Recovered:
    """Take back a change that was interrupted, and every half of a fix that is lab's, or that is named.

    Raises:
        UsageError: a token means no fix.
        Refused: the lines of one were edited since, or one that is named is applied as a whole.
        DatabaseUnreachable: there is no database.
    """
    started = time.monotonic()
    asked = restarter if restart else None
    with _session(workspace, options, tokens, asked) as (held, chosen, entry):
        named = {fix.number for fix in chosen}
        fixes = list(entry.numbers if entry else ())
        files = _files_of(entry)
        steps: list[Step] = []
        left: list[SkippedFix] = []
        for number, fix_state in sorted(held.fix_states().items(), reverse=True):
            if number in named and fix_state.state is State.PRESENT:
                raise Refused(f"Fix {number} is applied.", f"Take it off: lab fix revert {number}")
            if fix_state.state is not State.MIXED:
                continue
            if number in named or (_is_half_of_ours(fix_state)):
                steps += held.removal_steps(fix_state)
            elif _is_ours(fix_state) or fix_state.code.state is State.PRESENT:
                left.append(SkippedFix(number, fix_state.why))
        if steps:
            held.run(Verb.REVERT, steps)
            fixes += [step.fix.number for step in steps]
            files |= {change.path for step in steps for change in getattr(step, "changes", ())}
        restarted = _restart(workspace, asked, files)
    numbers = tuple(sorted(set(fixes)))
    return Recovered(numbers, tuple(left), _names(files), time.monotonic() - started, restarted)


def sync_schema(workspace: Workspace, url: str, numbers: Sequence[int]) -> None:
    """Run the migrations of fixes in another database, as for a copy that the workspace's code will use.

    Those of other fixes that are recorded there are taken back.

    Raises:
        Refused: one failed.
    """
    catalog = catalog_of(workspace)
    chosen = catalog.select([str(number) for number in numbers])
    with lock_schema(url, progress=silent, lock_timeout=DEFAULTS.lock_timeout) as schema:
        runner = migrations.Migrations(url, schema, DEFAULTS.lock_timeout)
        recorded = schema.snapshot().recorded
        for fix in catalog.fixes:
            if fix in chosen:
                runner.upgrade(fix)
            elif fix.revision in recorded:
                runner.downgrade(fix)


def keep_shipped(workspace: Workspace) -> None:
    """Keep in `.lab/shipped` the text that every usable fix starts from."""
    ShippedTexts(workspace).keep(catalog_of(workspace).fixes)


def _change(
    verb: Verb,
    workspace: Workspace,
    tokens: Sequence[str],
    dry_run: bool,
    restart: Restart | None,
    options: Options,
) -> Changed:
    started = time.monotonic()
    if dry_run:
        return _dry_run(verb, workspace, tokens, started)
    with _session(workspace, options, tokens, restart) as (held, chosen, entry):
        found = held.fix_states()
        going = (to_apply if verb is Verb.APPLY else to_revert)(chosen, found)
        steps = held.steps(verb, going, found)
        done = held.run(verb, steps) if steps else ()
        files = _files_of(entry) | {c.path for step in steps for c in getattr(step, "changes", ())}
        restarted = _restart(workspace, restart, files)
    numbers = tuple(fix.number for fix in going)
    return Changed(
        verb=str(verb),
        fixes=numbers,
        unchanged=tuple(fix.number for fix in chosen if fix.number not in numbers),
        recovered=entry.numbers if entry else (),
        files=_names(files),
        steps=done,
        seconds=time.monotonic() - started,
        restarted=restarted,
    )


def _dry_run(verb: Verb, workspace: Workspace, tokens: Sequence[str], started: float) -> Changed:
    """What the change would do, or the refusal that it would meet; holds no lock and writes nothing."""
    catalog = catalog_of(workspace)
    chosen = catalog.select(tokens)
    patcher = Patcher(ShippedTexts(workspace))
    if entry := journal.read(workspace):
        raise Refused(
            f"A change of fix {', '.join(map(str, entry.numbers))} was interrupted, or is under way.",
            "Take it back first: lab fix recover",
        )
    found = read_fix_states(workspace, catalog, patcher, read_schema(workspace_url(workspace)))
    going = (to_apply if verb is Verb.APPLY else to_revert)(chosen, found)
    contents = plan_file_changes(patcher, workspace, verb, going, found)
    to_sql = migrations.upgrade_sql if verb is Verb.APPLY else migrations.downgrade_sql
    numbers = tuple(fix.number for fix in going)
    return Changed(
        verb=str(verb),
        fixes=numbers,
        unchanged=tuple(fix.number for fix in chosen if fix.number not in numbers),
        recovered=(),
        files=_names({change.path for changes in contents.values() for change in changes}),
        steps=tuple(Update(f"{verb} {f.number} {f.slug}: {part}") for f in going for part in parts(f, verb)),
        seconds=time.monotonic() - started,
        dry_run=True,
        diff=_diff(tuple(change for changes in contents.values() for change in changes)),
        sql="\n".join(to_sql(fix) for fix in going),
    )


@contextmanager
def _session(
    workspace: Workspace, options: Options, tokens: Sequence[str], restart: Restart | None
) -> Iterator[tuple[Transaction, tuple[Fix, ...], Entry | None]]:
    """Hold the workspace: the fixes that are meant, and the interrupted change that was taken back first.

    If what is done then fails, that change is over all the same: it is said, and its services are restarted.
    """
    url = workspace_url(workspace)
    catalog = catalog_of(workspace)
    patcher = Patcher(ShippedTexts(workspace))
    with transaction(workspace, catalog, patcher, url, options) as held:
        chosen = held.catalog.select(tokens)
        entry = held.recover()
        try:
            yield held, chosen, entry
        except LabError as error:
            if entry:
                numbers = ", ".join(map(str, entry.numbers))
                error.message = f"The interrupted change of fix {numbers} was taken back. {error.message}"
                _restart(workspace, restart, _files_of(entry))
            raise


def _files_of(entry: Entry | None) -> set[PurePosixPath]:
    return {change.path for step in entry.steps for change in step.files} if entry else set()


def _restart(workspace: Workspace, restart: Restart | None, files: set[PurePosixPath]) -> tuple[str, ...]:
    if restart is None or not files:
        return ()
    try:
        return tuple(restart(workspace, frozenset(workspace.root / path for path in files)))
    except KeyboardInterrupt as pressed:
        pressed.add_note("The change is done, but not every service was restarted: lab restart")
        raise
    except LabError as error:
        error.message = f"The change is done, but the services were not restarted: {error.message}"
        raise


def _names(files: set[PurePosixPath]) -> tuple[str, ...]:
    return tuple(sorted(map(str, files)))


def _diff(changes: Sequence[FileChange]) -> str:
    """One diff from the first content of each file to its last."""
    first: dict[PurePosixPath, bytes | None] = {}
    last: dict[PurePosixPath, bytes | None] = {}
    for change in changes:
        first.setdefault(change.path, change.before)
        last[change.path] = change.after
    return "".join(_one_diff(path, first[path], last[path]) for path in sorted(first))


def _one_diff(path: PurePosixPath, before: bytes | None, after: bytes | None) -> str:
    old, new = ((text or b"").decode(errors="replace").splitlines(keepends=True) for text in (before, after))
    names = ("/dev/null" if before is None else f"a/{path}", "/dev/null" if after is None else f"b/{path}")
    lines = unified_diff(old, new, *names)
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


def _is_ours(fix_state: FixState) -> bool:
    return fix_state.recorded or fix_state.applied_by_lab


def _is_half_of_ours(fix_state: FixState) -> bool:
    """Lab put it on, and each half is plainly there or plainly not: no edit of anybody's is in it."""
    return _is_ours(fix_state) and fix_state.code.state is not State.MIXED
