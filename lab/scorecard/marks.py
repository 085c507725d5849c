"""The history of the marks of one submission: `marks.jsonl`, to which events are only added.

Each event holds the SHA-256 of the event before it; the first holds that of the card. Rater, mark and note
are hashed apart, with a salt, so that they can be deleted for ever while the chain can still be verified. The
chain finds damage and changes by hand. A person who knows how can write a whole new one: to find that too,
keep the last hash elsewhere.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from lab.errors import EnvironmentFault, Refused
from lab.files import sync_folder
from lab.lock import exclusive_lock
from lab.progress import silent
from lab.scorecard.card import Card
from lab.scorecard.event import (
    Details,
    Event,
    EventKind,
    NotWritten,
    begins_with_object,
    event,
    hash_of,
    read_event,
)

MARKS = "marks.jsonl"
LOCK = ".marks.lock"


class BrokenHistory(Refused):
    """A history does not follow from its card, or a line of it does not follow from those before it."""


@dataclass(frozen=True, slots=True)
class History:
    """The events, the oldest first. `size` is their bytes, `cut` the bytes of a half-written one after them.

    `origin` is the hash that stands for the card. `complete`: the last event has its line break.
    """

    origin: str
    events: tuple[Event, ...] = ()
    size: int = 0
    cut: int = 0
    complete: bool = True

    @property
    def last(self) -> str:
        """The hash of the last event, which stands for the whole history."""
        return self.events[-1].hash if self.events else self.origin

    @property
    def is_forgotten(self) -> bool:
        return _ends_forgotten(self.events)


def origin_of(card: Card) -> str:
    """Return the hash that the history of this card begins with: of submission, judgement and rubric."""
    return hash_of([card.submission.digest, card.judgement, card.rubric])


def read_history(file: Path, origin: str | None) -> History:
    """Return the history in the file; one without events if there is no file.

    After the last whole event there may be a part of one, which a kill has left: it is not used, and `cut`
    is its length. `origin` is None if the card was deleted.

    Raises:
        BrokenHistory: a byte is not as it was written. The message names the line.
        EnvironmentFault: the file cannot be read.
    """
    try:
        content = file.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        content = b""
    except OSError as error:
        raise EnvironmentFault(f"{file} cannot be read: {error.strerror}.") from error
    *lines, rest = content.split(b"\n")
    complete = not begins_with_object(rest)  # else only its line break is missing, or it was changed by hand
    if not complete:
        lines, rest = [*lines, rest], b""
    events: list[Event] = []
    for number, line in enumerate(lines, 1):
        try:
            found = read_event(line)
        except NotWritten as error:
            raise _broken(file, number, str(error)) from None
        _check_follows(file, number, found, events)
        events.append(found)
    _check_whole(file, events, origin)
    first = origin or (events[0].previous if events else hash_of(None))
    return History(first, tuple(events), len(content) - len(rest), len(rest), complete)


class Writer:
    """Adds events to the history in a file, whose lock `history_to_change` holds."""

    def __init__(self, file: Path, history: History) -> None:
        self._file = file
        self.history = history

    def add(self, at: float, *added: tuple[EventKind, Details]) -> None:
        """Add events in one write, and flush them to the disk. What a kill left at the end is cut before.

        Raises EnvironmentFault: the file cannot be written. It is then as it was, but for what a kill left.
        """
        before, last = self.history, self.history.last
        events = list(before.events)
        for kind, details in added:
            events.append(event(kind, at, last, details))
            last = events[-1].hash
        text = b"" if before.complete else b"\n"
        text += b"".join(one.line for one in events[len(before.events) :])
        try:
            self._append(text)
        except OSError as error:
            raise EnvironmentFault(f"{self._file} cannot be written: {error.strerror}.") from error
        size = before.size + len(text)
        self.history = replace(before, events=tuple(events), size=size, cut=0, complete=True)

    def _append(self, text: bytes) -> None:
        size = self.history.size
        descriptor = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            os.ftruncate(descriptor, size)
            try:
                written = 0
                while written < len(text):
                    written += os.write(descriptor, text[written:])
                os.fsync(descriptor)
            except OSError:
                os.ftruncate(descriptor, size)
                raise
        finally:
            os.close(descriptor)
        if not size:
            sync_folder(self._file.parent)


@contextmanager
def history_to_change(file: Path, origin: Callable[[], str]) -> Iterator[Writer]:
    """Lock the history in the file for the block, read it, and yield what adds to it.

    `origin` is called while it is locked, since the card may be replaced until then. Raises as it does, and:

    Raises:
        BrokenHistory: see `read_history`.
        Refused: it was forgotten.
        Locked: another process holds the lock.
        EnvironmentFault: the file cannot be read, or the lock cannot be made.
    """
    with exclusive_lock(file.with_name(LOCK), progress=silent, make_folder=False):
        history = read_history(file, origin())
        if history.is_forgotten:
            raise Refused(f"{file.parent} was forgotten: nothing can be added to its history.")
        yield Writer(file, history)


def forgotten(history: History, at: float) -> bytes:
    """Return the text of the history with the details of all events deleted, and a tombstone as its last."""
    emptied = [replace(one, details=None) for one in history.events]
    return b"".join(one.line for one in (*emptied, event(EventKind.FORGOTTEN, at, history.last, None)))


def _check_follows(file: Path, number: int, found: Event, before: Sequence[Event]) -> None:
    if before and found.previous != before[-1].hash:
        raise _broken(file, number, "a line before it was changed, added or deleted")
    if _ends_forgotten(before):
        raise _broken(file, number, "nothing can follow after all was forgotten")


def _check_whole(file: Path, events: Sequence[Event], origin: str | None) -> None:
    """Raise BrokenHistory: details are missing without a tombstone, or it is the history of another card."""
    is_forgotten = _ends_forgotten(events)
    for number, one in enumerate(events, 1):
        if (one.details is None) != is_forgotten:
            reason = (
                "it still has details after all was forgotten" if is_forgotten else "its details are gone"
            )
            raise _broken(file, number, reason)
    if events and not is_forgotten and origin is not None and events[0].previous != origin:
        raise BrokenHistory(
            f"The marks in {file} are of another card: submission, judgement or rubric has changed since.",
            "Restore that card, or move the file away to begin anew.",
        )


def _ends_forgotten(events: Sequence[Event]) -> bool:
    return bool(events) and events[-1].kind is EventKind.FORGOTTEN


def _broken(file: Path, number: int, reason: str) -> BrokenHistory:
    return BrokenHistory(
        f"{file}, line {number}: {reason}. The history of the marks is broken there.",
        "Restore the file from a copy, or move it away to begin anew.",
    )
