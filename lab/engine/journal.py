"""The journal holds a change while it is being made; the history lists the changes that are finished.

The journal is written before the first step. After a kill it names the steps that may have been done; whether
one was done is found from the files and the database.
"""

import os
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from lab.engine.file_changes import FileChange
from lab.engine.plan import Part
from lab.engine.verb import Verb
from lab.errors import EnvironmentFault, InvalidFile, Refused
from lab.files import sync_folder, write_atomic
from lab.json_files import from_json, to_json
from lab.sentences import fixes_named
from lab.workspace import Workspace


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One part of the fix with the number `fix`. `files` is empty for a migration."""

    fix: int
    part: Part
    files: tuple[FileChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """A change: its direction, when it started (ISO 8601, UTC), its process id and its steps.

    The steps are in the order in which they are done. `phased` is false in a journal of an earlier version,
    which had no phases.
    """

    verb: Verb
    started: str
    process: int
    steps: tuple[PlannedStep, ...]
    phased: bool = False

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of its fixes, rising."""
        return tuple(sorted({step.fix for step in self.steps}))

    @property
    def schema_only(self) -> tuple[int, ...]:
        """The numbers of those of its fixes whose code it does not change, rising."""
        with_code = {step.fix for step in self.steps if step.part is Part.PATCH}
        return tuple(number for number in self.numbers if number not in with_code)


@dataclass(frozen=True, slots=True)
class Event:
    """A finished change: `verb` is apply, revert or recover; `at` is its end (ISO 8601, UTC).

    `schema_only` are those of its fixes whose code was not changed, because the candidate had written it.
    `sql` is, in a handout, the SQL of the applied migrations by number: see `given_schema`.
    """

    verb: str
    fixes: tuple[int, ...]
    at: str
    seconds: float
    files: tuple[str, ...]
    schema_only: tuple[int, ...] = ()
    sql: dict[int, str] = field(default_factory=dict)


def read(workspace: Workspace) -> Entry | None:
    """Return the change in the journal; None if there is no journal.

    While a process holds the workspace's lock, the change may still be running; else it was interrupted.

    Raises:
        InvalidFile: the journal cannot be read, or another program damaged it.
    """
    try:
        return from_json(workspace.journal.read_bytes(), Entry)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise InvalidFile(
            workspace.journal,
            [f"the journal of an interrupted change is damaged: {error}"],
            "Delete that file. Then revert each fix that lab fix status calls mixed: lab fix recover N",
        ) from error


def require_ended(workspace: Workspace, state: str = "was interrupted") -> None:
    """Raise Refused if a change is in the journal. `state` says what happened to it, for the message.

    Raises InvalidFile as `read` does.
    """
    if entry := read(workspace):
        raise Refused(
            f"A change of {fixes_named(entry.numbers)} {state}.",
            "First undo the apply, or finish the revert: lab fix recover",
        )


def open_entry(workspace: Workspace, entry: Entry) -> None:
    """Write the journal and flush it to the disk.

    Raises:
        EnvironmentFault: the journal cannot be written; nothing was changed yet.
    """
    write_atomic(workspace.journal, to_json(entry).encode(), mode=0o600)


def close_entry(workspace: Workspace, event: Event | None) -> None:
    """End the change: add `event` to the history, if it is not None, then delete the journal.

    Raises:
        EnvironmentFault: the history cannot be written; the journal is still there.
    """
    if event is not None:
        _append(workspace.history, to_json(event, indent=0))
    workspace.journal.unlink(missing_ok=True)
    sync_folder(workspace.state)


def history(workspace: Workspace) -> tuple[Event, ...]:
    """Return every finished change, oldest first, without damaged lines: a power cut can leave one."""
    try:
        lines = workspace.history.read_bytes().splitlines()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise EnvironmentFault(
            f"{workspace.history} cannot be read: {error.strerror}.", "Move it out of the way."
        ) from error
    events = []
    for line in lines:
        with suppress(ValueError):
            event = from_json(line, Event)
            datetime.fromisoformat(event.at)
            events.append(event)
    return tuple(events)


def applied_by_lab(workspace: Workspace) -> frozenset[int]:
    """Return the numbers of the fixes that `lab` applied and has not reverted since, as the history says."""
    applied: set[int] = set()
    for event in history(workspace):
        applied = applied.union(event.fixes) if event.verb == Verb.APPLY else applied.difference(event.fixes)
    return frozenset(applied)


def schema_applied_by_lab(workspace: Workspace) -> frozenset[int]:
    """Return those of the fixes that `lab` applied of which it applied only the schema."""
    found: set[int] = set()
    for event in history(workspace):
        found = found.difference(event.fixes)
        if event.verb == Verb.APPLY:
            found = found.union(event.schema_only)
    return frozenset(found)


def given_sql(workspace: Workspace) -> dict[int, str]:
    """Return the SQL of those of the fixes that `lab` applied, and has not reverted since, by number."""
    found: dict[int, str] = {}
    for event in history(workspace):
        found = {number: sql for number, sql in found.items() if number not in event.fixes} | event.sql
    return found


def _append(path: Path, line: str) -> None:
    try:
        with path.open("a+b") as file:
            if file.tell():
                file.seek(-1, os.SEEK_END)
                line = line if file.read(1) == b"\n" else f"\n{line}"
            file.write(f"{line}\n".encode())
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise EnvironmentFault(f"{path} cannot be written: {error.strerror}.", "Check the disk.") from error
