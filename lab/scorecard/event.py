"""One event in the history of marks: a line of JSON that holds its own hash and that of the event before."""

import hashlib
import json
import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from lab.json_files import from_json
from lab.scorecard.rubric import Mark


class EventKind(StrEnum):
    """mark: a line's mark and note, as they are from now on. signed: a rater signs all of their marks.

    forgotten: the tombstone, always the last; the details of all events before it were deleted.
    """

    MARK = "mark"
    SIGNED = "signed"
    FORGOTTEN = "forgotten"


@dataclass(frozen=True, slots=True)
class Details:
    """What of an event can be deleted. `line`, `mark` and `note` are those of a mark; `mark` may be empty."""

    rater: str
    line: str = ""
    mark: str = ""
    note: str = ""
    salt: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `at` is Unix time in seconds; `content` the digest of `details`, which may be deleted.

    `previous` is the hash of the event before, `hash` the SHA-256 of all but `details`.
    """

    kind: EventKind
    at: float
    previous: str
    content: str
    details: Details | None
    hash: str

    @property
    def line(self) -> bytes:
        """The one text that the event can have in a file, with its line break."""
        members = {
            "kind": self.kind,
            "at": self.at,
            "previous": self.previous,
            "content": self.content,
            "details": _members(self.details),
            "hash": self.hash,
        }
        return _canonical(members) + b"\n"


class NotWritten(Exception):
    """A line is none that lab has written. The text says in which way, as a clause."""


def event(kind: EventKind, at: float, previous: str, details: Details | None) -> Event:
    """Return the event that follows the one with the hash `previous`."""
    content = hash_of(_members(details))
    return Event(kind, at, previous, content, details, hash_of([kind, at, previous, content]))


def salted(rater: str, line: str = "", mark: str = "", note: str = "") -> Details:
    """Return details with a random salt: so their digest reveals nothing after they were deleted."""
    return Details(rater, line, mark, note, secrets.token_hex(16))


def read_event(line: bytes) -> Event:
    """Return the event in a line without its line break. Raises NotWritten: a byte of it was changed."""
    try:
        found = from_json(line, Event)
    except ValueError:
        raise NotWritten("it is no event") from None
    if found.line != line + b"\n":
        raise NotWritten("it was changed")
    if found.hash != hash_of([found.kind, found.at, found.previous, found.content]):
        raise NotWritten("it was changed")
    if found.details is not None and found.content != hash_of(_members(found.details)):
        raise NotWritten("its details were changed")
    if found.details is not None and found.details.mark not in ("", *Mark):
        raise NotWritten(f"it has the mark {found.details.mark!r}")
    return found


def begins_with_object(text: bytes) -> bool:
    """Return whether the text begins with a whole JSON object: a half-written event does not."""
    try:
        json.JSONDecoder().raw_decode(text.decode(errors="replace"))
    except (ValueError, RecursionError):
        return False
    return True


def hash_of(value: Any) -> str:
    """Return the SHA-256 of a value of JSON, in hexadecimal."""
    return hashlib.sha256(_canonical(value)).hexdigest()


def _members(details: Details | None) -> dict[str, str] | None:
    if details is None:
        return None
    return {
        "rater": details.rater,
        "line": details.line,
        "mark": details.mark,
        "note": details.note,
        "salt": details.salt,
    }


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
