"""The two steps of a fix. Each looks at the world, does what is left to do, and can be undone."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from lab.catalog import Fix
from lab.engine.file_changes import FileChange, read, replace
from lab.engine.migrations import Migrations
from lab.engine.patches import Patcher
from lab.engine.plan import Part
from lab.engine.state import State
from lab.engine.verb import Verb

Checkpoint = Callable[[str], None]
"""Told the name of every boundary that a kill could fall on."""


class Step(Protocol):
    """One half of one fix, one way; doing what is done is a no-op."""

    @property
    def fix(self) -> Fix: ...
    @property
    def part(self) -> Part: ...
    def state(self) -> State: ...
    def do(self) -> None: ...
    def undo(self) -> None: ...


@dataclass(frozen=True, slots=True)
class MigrationStep:
    """The fix's revision into the database, or out of it."""

    fix: Fix
    verb: Verb
    migrations: Migrations
    part: Part = Part.MIGRATION

    def state(self) -> State:
        """Whether the revision is in the database, with all that it makes."""
        return self.migrations.schema.snapshot().state_of(self.fix, lambda thing: "").state

    def do(self) -> None:
        self._put_in() if self.verb is Verb.APPLY else self._take_out()

    def undo(self) -> None:
        self._take_out() if self.verb is Verb.APPLY else self._put_in()

    def _put_in(self) -> None:
        schema = self.migrations.schema
        if self.state() is State.PRESENT:
            return
        schema.drop_invalid_indexes(self.fix.objects)
        if self.fix.revision in schema.snapshot().recorded:  # in part only: out with it, then in as a whole
            self.migrations.downgrade(self.fix)
        self.migrations.upgrade(self.fix)

    def _take_out(self) -> None:
        """What stands is ours, for the plan saw nobody else's: also what no revision is recorded for yet."""
        schema = self.migrations.schema
        schema.drop_invalid_indexes(self.fix.objects)
        view = schema.snapshot()
        if self.fix.revision not in view.recorded:
            if not any(thing in view.objects for thing in self.fix.objects):
                return
            self.migrations.record(self.fix)
        self.migrations.downgrade(self.fix)


@dataclass(frozen=True, slots=True)
class PatchStep:
    """The fix's lines into the files, or out of them, one file after the other."""

    fix: Fix
    verb: Verb
    changes: tuple[FileChange, ...]
    root: Path
    scratch: Path
    patcher: Patcher
    checkpoint: Checkpoint
    part: Part = Part.PATCH

    def state(self) -> State:
        """Whether the lines are in the files."""
        return self.patcher.state_of(self.fix, lambda path: read(self.root, path)).state

    def do(self) -> None:
        for change in self.changes:
            self._move(change, self.verb)
            self.checkpoint(f"{self.verb} {self.fix.number}: {change.path} written")

    def undo(self) -> None:
        for change in reversed(self.changes):
            self._move(FileChange(change.path, change.after, change.before, change.mode), self.verb.opposite)
            self.checkpoint(f"undo {self.fix.number}: {change.path} written")

    def _move(self, change: FileChange, verb: Verb) -> None:
        now = read(self.root, change.path)
        if now not in (change.before, change.after):
            # Edited since the plan was made: around the edit, or not at all.
            (change,) = self.patcher.change(
                self.fix, verb, lambda path: read(self.root, path), only=change.path
            )
        replace(self.root, change, self.scratch)
