"""Make a change as one transaction: all its steps, or none of them.

A change that fails is undone at once. A change whose process was killed is recovered later, so that its fixes
end as not applied: an apply is undone, a revert is finished.
"""

import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path, PurePosixPath

from lab import handouts
from lab.catalog import Catalog, Fix
from lab.engine import file_changes, journal
from lab.engine.fix_states import compare_objects, plan_file_changes, read_fix_states
from lab.engine.given_schema import schema_sql
from lab.engine.journal import Entry, Event, PlannedStep
from lab.engine.migrations import Migrations
from lab.engine.patches import Patcher
from lab.engine.plan import FixState, Part, Phase, ordered
from lab.engine.schema import lock_schema, set_timeouts
from lab.engine.steps import Checkpoint, MigrationStep, PatchStep, Restart, Step
from lab.engine.verb import Verb
from lab.errors import EnvironmentFault, LabError, Refused
from lab.files import delete_temporary_files
from lab.lock import LOCK_WAIT, exclusive_lock
from lab.progress import Progress, Update, silent
from lab.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Options:
    """How a change reports its progress, and how many seconds it waits for locks."""

    progress: Progress = silent
    checkpoint: Checkpoint = lambda _: None
    lock_timeout: float = 30.0
    """For locks on tables: a transaction may be open for long."""
    lock_wait: float = LOCK_WAIT
    """For another `lab`."""


DEFAULTS = Options()
UNDO_LOCK_TIMEOUT = 3.0
"""The transaction that blocked the change may block its undo too: don't wait twice as long."""


@dataclass(frozen=True, slots=True)
class Done:
    """The name and the time of each step that was done, and the services that were restarted."""

    steps: tuple[Update, ...]
    restarted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recovery:
    """An interrupted change that was ended, and the services that were restarted for it."""

    entry: Entry
    restarted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Transaction:
    """A workspace and its database, locked against every other `lab`. `restart` is None for no restart."""

    workspace: Workspace
    catalog: Catalog
    patcher: Patcher
    migrations: Migrations
    restart: Restart | None
    options: Options

    def fix_states(self, fixes: Iterable[Fix]) -> dict[int, FixState]:
        """Read the state of these fixes, by number. Raises EnvironmentFault if a read fails."""
        snapshot = self.migrations.schema.snapshot()
        found = read_fix_states(self.workspace, fixes, self.patcher, snapshot)
        return compare_objects(found, self.migrations.url)

    def steps(
        self, verb: Verb, fixes: Sequence[Fix], states: dict[int, FixState], *, replacing: bool = False
    ) -> tuple[tuple[Step, ...], tuple[PurePosixPath, ...]]:
        """Return the steps that apply or revert these fixes, in order, and the files that lose an edit.

        Raises as `plan_file_changes`.
        """
        planned = plan_file_changes(self.patcher, self.workspace, verb, fixes, states, replacing=replacing)
        steps = (
            self._step(fix, verb, part, planned.changes[fix.number])
            for fix, part in ordered(fixes, verb, states)
        )
        return tuple(steps), planned.replaced

    def removal_steps(self, state: FixState) -> tuple[Step, ...]:
        """Return the steps that revert what is there of a mixed fix. Raises Refused: its lines are edited."""
        fix = state.fix
        changes: tuple[file_changes.FileChange, ...] = ()
        if not state.code_is_own:
            changes = self.patcher.change(fix, Verb.REVERT, partial(file_changes.read, self.workspace.root))
        there = {Part.PATCH: any(c.before != c.after for c in changes), Part.MIGRATION: state.recorded}
        return tuple(
            self._step(fix, Verb.REVERT, part, changes)
            for _, part in ordered([fix], Verb.REVERT, {fix.number: state})
            if there[part]
        )

    def run(self, verb: Verb, steps: Sequence[Step]) -> Done:
        """Do all the steps, by phases, with the restart after the files; if one fails, undo those begun.

        Raises:
            LabError: a step failed. If its undo failed too, the message says so, and `recover` can end it.
        """
        steps = sorted(steps, key=lambda step: step.phase)
        self.patcher.texts.keep(tuple({step.fix: None for step in steps}))
        planned = tuple(PlannedStep(step.fix.number, step.part, step.changes) for step in steps)
        entry = Entry(verb, _now(), os.getpid(), planned, phased=True)
        sql = self._given_sql(verb, steps)
        self.options.checkpoint("planned")
        journal.open_entry(self.workspace, entry)
        self.options.checkpoint("journal written")
        done: list[Update] = []
        begun: list[Step] = []
        restarted: tuple[str, ...] = ()
        try:
            for phase in Phase:
                for step in (step for step in steps if step.phase is phase):
                    begun.append(step)
                    done.append(self._timed(step.do, step, verb))
                if phase is Phase.SWITCH:
                    restarted = self._restart(steps)
        except BaseException as error:
            self._undo(begun, error)
            raise
        self._close(_event(verb, entry, sum(update.seconds or 0 for update in done), sql), "done")
        return Done(tuple(done), restarted)

    def recover(self) -> Recovery | None:
        """End an interrupted change so that its fixes are not applied; None if there is none.

        Raises:
            InvalidFile: the journal is damaged.
            Refused: the code was edited since, a migration failed, or the library lacks the fix.
            EnvironmentFault: a file, the database or a restart failed.

        After any error, it can be tried again.
        """
        entry = journal.read(self.workspace)
        if entry is None:
            return None
        self.migrations.schema.end_abandoned_sessions()
        started = time.monotonic()
        steps = [self._step(self._fix(one.fix), entry.verb, one.part, one.files) for one in entry.steps]
        if entry.verb is Verb.APPLY:
            restarted = self._undo_all(steps, phased=entry.phased)
        else:
            restarted = self._finish_revert(steps, phased=entry.phased)
        self._close(_event("recover", entry, time.monotonic() - started), "recovered")
        return Recovery(entry, restarted)

    def _finish_revert(self, steps: Sequence[Step], *, phased: bool) -> tuple[str, ...]:
        before = [step for step in steps if step.phase is not Phase.NARROW] if phased else steps
        for step in before:
            self._timed(step.do, step, Verb.REVERT)
        restarted = self._restart(steps)
        for step in (step for step in steps if step not in before):
            self._timed(step.do, step, Verb.REVERT)
        return restarted

    def _undo_all(self, steps: Sequence[Step], *, phased: bool = True) -> tuple[str, ...]:
        """Undo the steps: the phases in the opposite order, the restart after the files as before."""
        after = [step for step in steps if step.phase is Phase.WIDEN] if phased else []
        for step in (step for step in reversed(steps) if step not in after):
            self._timed(step.undo, step, Verb.REVERT)
        restarted = self._restart(steps)
        for step in reversed(after):
            self._timed(step.undo, step, Verb.REVERT)
        return restarted

    def _restart(self, steps: Sequence[Step]) -> tuple[str, ...]:
        files = {change.path for step in steps for change in step.changes}
        if self.restart is None or not files:
            return ()
        self.options.checkpoint("before the restart")
        started = time.monotonic()
        restarted = self.restart(files)
        if restarted:
            self.options.progress(
                Update(f"restart {', '.join(restarted)}", seconds=time.monotonic() - started)
            )
        self.options.checkpoint("after the restart")
        return restarted

    def _given_sql(self, verb: Verb, steps: Sequence[Step]) -> dict[int, str]:
        """In a handout, return the SQL of the migrations to apply: its own lab keeps the schema with it."""
        if verb is Verb.REVERT or handouts.mark_of(self.workspace.root) is None:
            return {}
        return schema_sql(step.fix for step in steps if step.part is Part.MIGRATION)

    def _step(self, fix: Fix, verb: Verb, part: Part, changes: tuple[file_changes.FileChange, ...]) -> Step:
        if part is Part.MIGRATION:
            return MigrationStep(fix, verb, self.migrations)
        root, scratch = self.workspace.root, _scratch(self.workspace)
        return PatchStep(fix, verb, changes, root, scratch, self.patcher, self.options.checkpoint)

    def _fix(self, number: int) -> Fix:
        fix = self.catalog.get(number)
        if fix is None:
            raise Refused(
                f"A change of fix {number} was interrupted, and the library has no usable fix {number} now.",
                "Ask your interviewer for: lab -C DIR fix recover"
                if self.workspace.library.is_handout
                else "Restore its folder, then run: lab fix recover",
            )
        return fix

    def _timed(self, act: Callable[[], None], step: Step, verb: Verb) -> Update:
        name = f"{verb} {step.fix.number} {step.fix.slug}: {step.part}"
        self.options.checkpoint(f"before {name}")
        started = time.monotonic()
        act()
        update = Update(name, seconds=time.monotonic() - started)
        self.options.checkpoint(f"after {name}")
        self.options.progress(update)
        return update

    def _undo(self, begun: Sequence[Step], error: BaseException) -> None:
        try:
            set_timeouts(self.migrations.schema.connection, UNDO_LOCK_TIMEOUT)
            self._undo_all(begun)
        except Exception as second:
            lost = isinstance(error, EnvironmentFault) or isinstance(second, EnvironmentFault)
            reason = str(second).strip().splitlines()[0].rstrip(".")  # PostgreSQL's own have more lines
            raise (EnvironmentFault if lost else LabError)(
                f"{error} What was done before that could not be undone: {reason}.",
                "Nothing is lost. When the cause is gone, run: lab fix recover",
            ) from error
        self._close(None, "undone")

    def _close(self, event: Event | None, checkpoint: str) -> None:
        journal.close_entry(self.workspace, event)
        _delete_temporary_files(self.workspace)
        self.options.checkpoint(checkpoint)


@contextmanager
def transaction(
    workspace: Workspace,
    catalog: Catalog,
    patcher: Patcher,
    url: str,
    restart: Restart | None = None,
    options: Options = DEFAULTS,
) -> Iterator[Transaction]:
    """Lock the workspace and the database at `url` for the block. It does not call `recover`.

    Raises:
        Locked: another `lab` still held one of them after `options.lock_wait` seconds.
        DatabaseUnreachable: no connection could be made.
    """
    progress, timeout, wait = options.progress, options.lock_timeout, options.lock_wait
    with (
        exclusive_lock(workspace.lock, progress=progress, wait=wait),
        lock_schema(url, progress=progress, lock_timeout=timeout, wait=wait) as schema,
    ):
        _delete_temporary_files(workspace)
        yield Transaction(workspace, catalog, patcher, Migrations(url, schema, timeout), restart, options)


def _scratch(workspace: Workspace) -> Path:
    return workspace.state / "scratch"


def _delete_temporary_files(workspace: Workspace) -> None:
    """Delete what a kill in the middle of a write left in `.lab`. The lock must be held."""
    shutil.rmtree(_scratch(workspace), ignore_errors=True)
    for folder in (workspace.state, workspace.shipped):
        delete_temporary_files(folder)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _event(verb: str, entry: Entry, seconds: float, sql: dict[int, str] | None = None) -> Event:
    paths = sorted({str(change.path) for step in entry.steps for change in step.files})
    return Event(verb, entry.numbers, _now(), round(seconds, 3), tuple(paths), entry.schema_only, sql or {})
