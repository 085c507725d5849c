"""Carry a change out as one thing: journal, steps, done; undone on an error, taken back after a kill.

The one recovery rule: a change that was interrupted, whichever way it went, ends with its fixes not applied.
"""

import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from lab.catalog import Catalog, Fix
from lab.engine import file_changes, journal
from lab.engine.fix_states import plan_file_changes, read_fix_states
from lab.engine.journal import Entry, Event, PlannedStep
from lab.engine.migrations import Migrations
from lab.engine.patches import Patcher
from lab.engine.plan import FixState, Part, parts
from lab.engine.schema import Schema, lock_schema
from lab.engine.steps import Checkpoint, MigrationStep, PatchStep, Step
from lab.engine.verb import Verb
from lab.errors import LabError, Refused
from lab.lock import LOCK_WAIT, exclusive_lock
from lab.progress import Progress, Update, silent
from lab.workspace import Workspace


def no_checkpoint(_: str) -> None:
    """Ignore the checkpoint."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a change is carried out: who is told of its progress, and how many seconds it waits for locks."""

    progress: Progress = silent
    checkpoint: Checkpoint = no_checkpoint
    lock_timeout: float = 30.0  # for locks of the database; a slow search holds its transaction for 15
    lock_wait: float = LOCK_WAIT  # for another lab


DEFAULTS = Options()
UNDO_LOCK_TIMEOUT = 3.0


@dataclass(frozen=True, slots=True)
class Transaction:
    """The workspace and its database, held against every other lab."""

    workspace: Workspace
    catalog: Catalog
    patcher: Patcher
    migrations: Migrations
    progress: Progress
    checkpoint: Checkpoint

    @property
    def schema(self) -> Schema:
        return self.migrations.schema

    def fix_states(self) -> dict[int, FixState]:
        """How every fix stands, found by looking."""
        return read_fix_states(self.workspace, self.catalog, self.patcher, self.schema.snapshot())

    def steps(self, verb: Verb, fixes: Sequence[Fix], found: dict[int, FixState]) -> tuple[Step, ...]:
        """The steps, with every new content worked out in memory.

        Raises:
            Refused: the code of one does not fit, or is there in part.
        """
        contents = plan_file_changes(self.patcher, self.workspace, verb, fixes, found)
        return tuple(
            self._step(fix, verb, part, contents[fix.number]) for fix in fixes for part in parts(fix, verb)
        )

    def run(self, verb: Verb, steps: Sequence[Step]) -> tuple[Update, ...]:
        """Do the steps, or none of them.

        Raises:
            LabError: a step failed; what was done before it is undone, unless the message says otherwise.
        """
        self.patcher.texts.keep(tuple({step.fix: None for step in steps}))
        started = datetime.now(UTC).isoformat(timespec="seconds")
        entry = Entry(verb, started, os.getpid(), tuple(_planned(step) for step in steps))
        self.checkpoint("planned")
        journal.open_entry(self.workspace, entry)
        self.checkpoint("journal written")
        done: list[Update] = []
        begun: list[Step] = []
        try:
            for step in steps:
                begun.append(step)
                done.append(self._timed(step.do, step, verb))
        except BaseException as error:
            self._put_back(begun, error)
            raise
        seconds = sum(event.seconds or 0 for event in done)
        journal.close_entry(self.workspace, _event(verb, entry, seconds))
        sweep(self.workspace)
        self.checkpoint("done")
        return tuple(done)

    def removal_steps(self, fix_state: FixState) -> tuple[Step, ...]:
        """The steps that take back whatever is there of a fix, and nothing that no revision is recorded for.

        Raises:
            Refused: its lines were edited.
        """
        fix = fix_state.fix
        changes = self.patcher.change(fix, Verb.REVERT, partial(file_changes.read, self.workspace.root))
        wanted = {Part.PATCH: any(c.before != c.after for c in changes), Part.MIGRATION: fix_state.recorded}
        return tuple(
            self._step(fix, Verb.REVERT, part, changes) for part in parts(fix, Verb.REVERT) if wanted[part]
        )

    def recover(self) -> Entry | None:
        """Take back the change that was interrupted, if there is one: its fixes are not applied afterwards.

        Raises:
            Refused: the code was edited since, so that the fix does not come out of it.
        """
        entry = journal.read(self.workspace)
        if entry is None:
            return None
        self.schema.end_abandoned_sessions()
        started = time.monotonic()
        onward = entry.verb is Verb.REVERT
        for planned in entry.steps if onward else reversed(entry.steps):
            step = self._step(self._fix(planned.fix), entry.verb, planned.part, planned.files)
            self._timed(step.do if onward else step.undo, step, Verb.REVERT)
        journal.close_entry(self.workspace, _event("recover", entry, time.monotonic() - started))
        sweep(self.workspace)
        self.checkpoint("recovered")
        return entry

    def _step(self, fix: Fix, verb: Verb, part: Part, changes: tuple[file_changes.FileChange, ...]) -> Step:
        if part is Part.MIGRATION:
            return MigrationStep(fix, verb, self.migrations)
        scratch = scratch_of(self.workspace)
        return PatchStep(fix, verb, changes, self.workspace.root, scratch, self.patcher, self.checkpoint)

    def _fix(self, number: int) -> Fix:
        fix = self.catalog.get(number)
        if fix is None:
            raise Refused(
                f"A change of fix {number} was interrupted, and the library has no usable fix {number} now.",
                "Put its folder back as it was, then run: lab fix recover",
            )
        return fix

    def _timed(self, act: Callable[[], None], step: Step, verb: Verb) -> Update:
        name = f"{verb} {step.fix.number} {step.fix.slug}: {step.part}"
        self.checkpoint(f"before {name}")
        started = time.monotonic()
        act()
        event = Update(name, seconds=time.monotonic() - started)
        self.checkpoint(f"after {name}")
        self.progress(event)
        return event

    def _put_back(self, begun: Sequence[Step], error: BaseException) -> None:
        try:
            # Whoever kept the step from being done may keep it from being undone: no use in waiting twice.
            self.schema.prepare(self.schema.connection, UNDO_LOCK_TIMEOUT)
            for step in reversed(begun):
                step.undo()
        except Exception as second:
            raise LabError(
                f"{error} What was done before that could not be undone: {second}",
                "Nothing is lost. When the cause is gone, run: lab fix recover",
            ) from error
        journal.close_entry(self.workspace, None)
        sweep(self.workspace)


@contextmanager
def transaction(
    workspace: Workspace,
    catalog: Catalog,
    patcher: Patcher,
    url: str,
    options: Options = DEFAULTS,
) -> Iterator[Transaction]:
    """Hold the workspace and the database.

    Raises:
        Locked: another lab held one of them for too long.
        DatabaseUnreachable: no connection could be made.
    """
    progress, timeout, wait = options.progress, options.lock_timeout, options.lock_wait
    with (
        exclusive_lock(workspace.lock, progress=progress, wait=wait),
        lock_schema(url, progress=progress, lock_timeout=timeout, wait=wait) as schema,
    ):
        sweep(workspace)
        migrations = Migrations(url, schema, timeout)
        yield Transaction(workspace, catalog, patcher, migrations, options.progress, options.checkpoint)


def scratch_of(workspace: Workspace) -> Path:
    """Where new contents are staged: what a kill leaves there is in nobody's way."""
    return workspace.state / "scratch"


def sweep(workspace: Workspace) -> None:
    """Delete what a kill in the middle of a write of ours left in `.lab`; call it while holding the lock."""
    shutil.rmtree(scratch_of(workspace), ignore_errors=True)
    for left in (*workspace.state.glob(f".{workspace.journal.name}.*"), *workspace.shipped.glob(".*")):
        left.unlink(missing_ok=True)


def _planned(step: Step) -> PlannedStep:
    return PlannedStep(step.fix.number, step.part, step.changes if isinstance(step, PatchStep) else ())


def _event(verb: str, entry: Entry, seconds: float) -> Event:
    paths = sorted({str(change.path) for step in entry.steps for change in step.files})
    at = datetime.now(UTC).isoformat(timespec="seconds")
    return Event(verb, entry.numbers, at, round(seconds, 3), tuple(paths))
