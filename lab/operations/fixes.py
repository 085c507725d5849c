"""Apply, revert and recover fixes: code and schema change together, or not at all.

A new database of `up` or `reset` gets the schema of the fixes before it is used: `sync_schema`, `match_code`.
"""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from lab.catalog import Fix
from lab.database import workspace_url
from lab.engine import given_schema, journal
from lab.engine.migrations import Migrations
from lab.engine.patches import Patcher, ShippedTexts
from lab.engine.plan import FixState
from lab.engine.schema import lock_schema, read_schema
from lab.engine.state import State
from lab.engine.steps import Step
from lab.engine.transaction import DEFAULTS, Done, Recovery, Transaction, transaction
from lab.engine.transaction import Options as Options
from lab.engine.verb import Verb
from lab.errors import LabError, Refused
from lab.git import require_git
from lab.operations.catalog import catalog_of
from lab.operations.changed import Changed as Changed
from lab.operations.changed import TimedStep, choose, names_of, preview
from lab.operations.fix_status import fixes_in_code
from lab.operations.restore_code import save_edits
from lab.progress import Progress, Update, silent
from lab.workspace import Workspace

Restart = Callable[[Workspace, frozenset[Path]], Sequence[str]]
"""Restarts the services that were started from other content of these files, and returns their names.

The workspace's lock is held. It raises a LabError if one cannot be stopped or started.
"""


def restart_changed(workspace: Workspace, files: frozenset[Path]) -> Sequence[str]:
    """Restart the outdated services that run these files. The runtimes are loaded only for a restart."""
    from lab.operations import restart

    return restart.restart_changed(workspace, files)


NOTHING_DONE = Done((), ())


@dataclass(frozen=True, slots=True)
class SkippedFix:
    """A fix that recovery left as it is, and why it is mixed."""

    number: int
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recovered:
    """The numbers of the fixes that were recovered, and those that are still mixed (`left`)."""

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
    replacing: bool = False,
    restart: bool = True,
    restarter: Restart = restart_changed,
    options: Options = DEFAULTS,
) -> Changed:
    """Apply all the chosen fixes, or none of them. A dry run changes nothing.

    A fix that is there in the candidate's own work counts as applied; if only its code is there, its schema
    is applied. With `replacing`, lines of the candidate that are in the way are replaced: before that, all
    edits are saved as a patch.

    An interrupted change is recovered first, also if an error follows. With `restart`, `restarter` restarts
    the services whose files were changed, after the files and before the schema loses what only the old code
    needed. Without it, running services may meet a schema that their code cannot use.

    Raises:
        UsageError: a token means no fix.
        Refused: a fix does not fit, or its migration failed. None was applied.
        Locked: another lab is changing the workspace or the database.
        EnvironmentFault: the database, a file or a restart failed. None was applied.
        LabError: a change could not be undone.
    """
    restarter_or_none = restarter if restart else None
    return _change(Verb.APPLY, workspace, tokens, dry_run, restarter_or_none, options, replacing)


def revert(
    workspace: Workspace,
    tokens: Sequence[str],
    *,
    dry_run: bool = False,
    restart: bool = True,
    restarter: Restart = restart_changed,
    options: Options = DEFAULTS,
) -> Changed:
    """Revert all the chosen fixes, or none of them. Otherwise the same as `apply`.

    Raises:
        Refused: lines of a fix were edited since, another fix requires it, or a part of it is missing.
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
    """End an interrupted change and revert mixed fixes: those that lab applied or that are chosen.

    All of them end as not applied. A fix that is not chosen is left as it is if its code is mixed: it may
    hold an edit of the candidate. Otherwise the same as `apply`.

    Raises:
        Refused: lines of a fix were edited since, or a chosen fix is applied.
    """
    started = time.monotonic()
    with _transaction(workspace, options, tokens, restarter if restart else None) as (change, chosen, ended):
        steps: list[Step] = []
        left: list[SkippedFix] = []
        for number, fix_state in sorted(change.fix_states(change.catalog.fixes).items(), reverse=True):
            is_chosen = any(fix.number == number for fix in chosen)
            if is_chosen and fix_state.built_in:
                raise Refused(f"Fix {number} is built into this handout.", "It cannot be reverted.")
            if is_chosen and fix_state.state is State.PRESENT:
                raise Refused(f"Fix {number} is applied.", f"Revert it: lab fix revert {number}")
            if fix_state.state is not State.MIXED:
                continue
            code = fix_state.code.state
            if is_chosen or (_is_from_lab(fix_state) and code is not State.MIXED):
                steps += change.removal_steps(fix_state)
            elif _is_from_lab(fix_state) or code is State.PRESENT:
                left.append(SkippedFix(number, fix_state.why))
        if restart and any(step.changes for step in steps):
            _require_restartable(workspace)
        done = change.run(Verb.REVERT, steps) if steps else NOTHING_DONE
    numbers = {*(ended.entry.numbers if ended else ()), *(step.fix.number for step in steps)}
    seconds = time.monotonic() - started
    files, restarted = _files(ended, steps), _restarted(ended, done)
    return Recovered(tuple(sorted(numbers)), tuple(left), files, seconds, restarted)


def sync_schema(workspace: Workspace, url: str, numbers: Sequence[int]) -> None:
    """Upgrade the database to the revisions of these fixes, and downgrade it from those of other fixes.

    The candidate's lab, which has no fixes, runs the SQL that the history keeps, and downgrades nothing.

    Raises:
        UsageError: a number names no usable fix. Nothing was changed.
        LabError: a migration failed. Those before it are done.
    """
    if workspace.library.is_handout:
        given = journal.given_sql(workspace)
        given_schema.repeat(url, {number: given[number] for number in numbers})
        return
    catalog = catalog_of(workspace)
    chosen = catalog.select([str(number) for number in numbers])
    with lock_schema(url, progress=silent, lock_timeout=DEFAULTS.lock_timeout) as schema:
        runner = Migrations(url, schema, DEFAULTS.lock_timeout)
        recorded = schema.snapshot().recorded
        for fix in catalog.fixes:
            if fix in chosen:
                runner.upgrade(fix)
            elif fix.revision in recorded:
                runner.downgrade(fix)


def match_code(workspace: Workspace, progress: Progress, url: str) -> None:
    """Call `sync_schema` on the database at `url` for the fixes that lab applied and whose code is there.

    Code that is there in part counts. Raises as `sync_schema` and `read_schema`.
    """
    numbers = fixes_in_code(workspace)
    recorded = read_schema(url).recorded
    if numbers or any(fix.revision in recorded for fix in catalog_of(workspace).fixes):
        progress(Update("Migrating to the schema of the applied fixes"))
        sync_schema(workspace, url, numbers)


def _change(
    verb: Verb,
    workspace: Workspace,
    tokens: Sequence[str],
    dry_run: bool,
    restart: Restart | None,
    options: Options,
    replacing: bool = False,
) -> Changed:
    if dry_run:
        return preview(verb, workspace, tokens, replacing=replacing)
    started = time.monotonic()
    with _transaction(workspace, options, tokens, restart) as (change, chosen, ended):
        found = change.fix_states(change.catalog.fixes if replacing else change.catalog.related(chosen))
        choice = choose(verb, change.catalog, tokens, found)
        steps, replaced = change.steps(verb, choice.going, found, replacing=replacing)
        if restart and any(step.changes for step in steps):
            _require_restartable(workspace)
        saved = save_edits(workspace).patch if replaced else None
        done = change.run(verb, steps) if steps else NOTHING_DONE
    return Changed(
        verb=str(verb),
        fixes=tuple(fix.number for fix in choice.going),
        unchanged=choice.unchanged,
        recovered=ended.entry.numbers if ended else (),
        files=_files(ended, steps),
        steps=tuple(TimedStep(update.text, update.seconds) for update in done.steps),
        seconds=time.monotonic() - started,
        restarted=_restarted(ended, done),
        built_in=choice.built_in,
        candidates=choice.candidates,
        schema_only=choice.schema_only,
        replaced=names_of(replaced),
        saved=saved,
    )


@contextmanager
def _transaction(
    workspace: Workspace, options: Options, tokens: Sequence[str], restart: Restart | None
) -> Iterator[tuple[Transaction, tuple[Fix, ...], Recovery | None]]:
    """Lock workspace and database. The block gets the chosen fixes and the interrupted change, now recovered.

    If the block fails, that change stays recovered, and the error says so.
    """
    require_git()  # a merge may need it, and so may the revert
    url = workspace_url(workspace)
    catalog = catalog_of(workspace)
    patcher = Patcher(ShippedTexts(workspace))

    bound = partial(_restart, workspace, restart) if restart else None
    with transaction(workspace, catalog, patcher, url, bound, options) as change:
        chosen = catalog.select(tokens)
        ended = change.recover()
        try:
            yield change, chosen, ended
        except LabError as error:
            if ended:
                numbers = ", ".join(map(str, ended.entry.numbers))
                error.message = (
                    f"The interrupted change of fix {numbers} ended as not applied. {error.message}"
                )
            raise


def _require_restartable(workspace: Workspace) -> None:
    """Raise the UsageError of a compose file that cannot be used, before anything is changed."""
    if workspace.database_url_file.exists():
        from lab.operations.runtimes import runtime_of

        runtime_of(workspace)


def _restart(workspace: Workspace, restart: Restart, files: Collection[PurePosixPath]) -> tuple[str, ...]:
    return tuple(restart(workspace, frozenset(workspace.root / path for path in files)))


def _files(ended: Recovery | None, steps: Sequence[Step]) -> tuple[str, ...]:
    recovered = [change.path for step in ended.entry.steps for change in step.files] if ended else []
    return names_of([*recovered, *(change.path for step in steps for change in step.changes)])


def _restarted(ended: Recovery | None, done: Done) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*(ended.restarted if ended else ()), *done.restarted]))


def _is_from_lab(fix_state: FixState) -> bool:
    return fix_state.recorded or fix_state.applied_by_lab
