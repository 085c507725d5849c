"""The two kinds of steps of a change. A step does only what is left to do, and can be undone."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import ClassVar

from lab.catalog import Fix
from lab.engine.file_changes import FileChange, read, replace
from lab.engine.migrations import Migrations
from lab.engine.patches import Patcher
from lab.engine.plan import Part, Phase, phase_of
from lab.engine.verb import Verb

Checkpoint = Callable[[str], None]
"""Called with a name at each point at which a kill would leave a different state. Tests kill there."""


@dataclass(frozen=True, slots=True)
class MigrationStep:
    """Runs the fix's revision in the database, up or down."""

    part: ClassVar[Part] = Part.MIGRATION
    changes: ClassVar[tuple[FileChange, ...]] = ()

    fix: Fix
    verb: Verb
    migrations: Migrations

    @property
    def phase(self) -> Phase:
        return phase_of(self.fix, self.verb, self.part)

    def do(self) -> None:
        self._upgrade() if self.verb is Verb.APPLY else self._downgrade()

    def undo(self) -> None:
        self._downgrade() if self.verb is Verb.APPLY else self._upgrade()

    def _upgrade(self) -> None:
        snapshot = self.migrations.schema.drop_invalid_indexes(self.fix.objects)
        if self.fix.revision in snapshot.recorded:
            if all(owned in snapshot.objects for owned in self.fix.objects):
                return
            self.migrations.downgrade(self.fix)  # a part is missing: make all of it again
        self.migrations.upgrade(self.fix)

    def _downgrade(self) -> None:
        """Downgrade also what a killed upgrade made and didn't record.

        The plan checked that no other object had these names, so what exists now was created by the fix.
        """
        snapshot = self.migrations.schema.drop_invalid_indexes(self.fix.objects)
        if self.fix.revision not in snapshot.recorded:
            if not any(owned in snapshot.objects for owned in self.fix.objects):
                return
            self.migrations.record(self.fix)
        self.migrations.downgrade(self.fix)


@dataclass(frozen=True, slots=True)
class PatchStep:
    """Writes the fix's lines into the files, or removes them, one file after the other."""

    part: ClassVar[Part] = Part.PATCH
    phase: ClassVar[Phase] = Phase.SWITCH

    fix: Fix
    verb: Verb
    changes: tuple[FileChange, ...]
    root: Path
    scratch: Path
    patcher: Patcher
    checkpoint: Checkpoint

    def do(self) -> None:
        for change in self.changes:
            self._write(change, self.verb)
            self.checkpoint(f"{self.verb} {self.fix.number}: {change.path} written")

    def undo(self) -> None:
        for change in reversed(self.changes):
            self._write(FileChange(change.path, change.after, change.before, change.mode), self.verb.opposite)
            self.checkpoint(f"undo {self.fix.number}: {change.path} written")

    def _write(self, change: FileChange, verb: Verb) -> None:
        if read(self.root, change.path) not in (change.before, change.after):
            # The file was edited since the plan was made. Merge again, which keeps the edit or refuses.
            (change,) = self.patcher.change(
                self.fix, verb, lambda path: read(self.root, path), only=change.path
            )
        replace(self.root, change, self.scratch)


Restart = Callable[[Collection[PurePosixPath]], tuple[str, ...]]
"""Restarts those services that were started from other content of these files. Returns their names.

A service that does not run counts as done. It raises a LabError if one cannot be stopped or started.
"""

Step = MigrationStep | PatchStep
"""One part of one fix, in one direction. Its `do` and `undo` do nothing where nothing is left to do."""
