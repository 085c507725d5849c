"""What a change is about to do, on disk before the first step; and what changes were done.

The journal only says where to look after a kill. Whether a step was done is always found by looking.
"""

import base64
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from lab.engine.file_changes import FileChange
from lab.engine.plan import Part
from lab.engine.verb import Verb
from lab.errors import EnvironmentFault, InvalidFile
from lab.files import write_atomic
from lab.workspace import Workspace


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One half of one fix; a patch names every file before and after."""

    fix: int
    part: Part
    files: tuple[FileChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """A change: which way, since when (ISO 8601, UTC), by which process, in which steps."""

    verb: Verb
    started: str
    process: int
    steps: tuple[PlannedStep, ...]

    @property
    def numbers(self) -> tuple[int, ...]:
        return tuple(dict.fromkeys(step.fix for step in self.steps))


@dataclass(frozen=True, slots=True)
class Event:
    """A line of the history: `verb` is apply, revert or recover."""

    verb: str
    fixes: tuple[int, ...]
    at: str
    seconds: float
    files: tuple[str, ...]


def read(workspace: Workspace) -> Entry | None:
    """The change that is open: under way, or interrupted if nobody holds the lock.

    Raises:
        InvalidFile: it was damaged by somebody else, for it is written in one step.
    """
    try:
        document = json.loads(workspace.journal.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise _damaged(workspace, error) from error
    try:
        steps = tuple(
            PlannedStep(s["fix"], Part(s["part"]), tuple(_file(f) for f in s["files"]))
            for s in document["steps"]
        )
        return Entry(Verb(document["verb"]), document["started"], document["process"], steps)
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(workspace, error) from error


def open_entry(workspace: Workspace, entry: Entry) -> None:
    """Write the intent and force it to the disk."""
    steps = [
        {
            "fix": step.fix,
            "part": step.part,
            "files": [
                {
                    "path": str(change.path),
                    "before": _packed(change.before),
                    "after": _packed(change.after),
                    "mode": change.mode,
                }
                for change in step.files
            ],
        }
        for step in entry.steps
    ]
    document = {"verb": entry.verb, "started": entry.started, "process": entry.process, "steps": steps}
    write_atomic(workspace.journal, json.dumps(document).encode(), mode=0o600)


def close_entry(workspace: Workspace, event: Event | None) -> None:
    """The change is over: note it in the history, then forget the intent."""
    if event is not None:
        _append(workspace.history, json.dumps(asdict(event)))
    workspace.journal.unlink(missing_ok=True)
    folder = os.open(workspace.state, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def history(workspace: Workspace) -> tuple[Event, ...]:
    """Every change that was done, oldest first; a line that a power cut tore is left out."""
    return tuple(_events(workspace.history))


def applied_by_lab(workspace: Workspace) -> frozenset[int]:
    """The fixes that lab, as far as it remembers, put on and did not take off."""
    on: set[int] = set()
    for event in history(workspace):
        on = on.union(event.fixes) if event.verb == Verb.APPLY else on.difference(event.fixes)
    return frozenset(on)


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


def _events(path: Path) -> Iterator[Event]:
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return
    for line in lines:
        try:
            raw: dict[str, Any] = json.loads(line)
            yield Event(
                raw["verb"],
                tuple(map(int, raw["fixes"])),
                raw["at"],
                float(raw["seconds"]),
                tuple(raw["files"]),
            )
        except (ValueError, TypeError, KeyError):
            continue


def _packed(content: bytes | None) -> str | None:
    return None if content is None else base64.b64encode(content).decode()


def _file(raw: dict[str, Any]) -> FileChange:
    before, after = (None if raw[key] is None else base64.b64decode(raw[key]) for key in ("before", "after"))
    return FileChange(PurePosixPath(raw["path"]), before, after, raw["mode"])


def _damaged(workspace: Workspace, error: Exception) -> InvalidFile:
    return InvalidFile(
        workspace.journal,
        [f"the journal of an interrupted change is damaged: {error}"],
        "Look at lab fix status, delete that file, then take back what is mixed: lab fix recover N",
    )
