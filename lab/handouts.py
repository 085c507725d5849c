"""The records of handouts, kept on the interviewer's side: who got what, and which help was given.

In the handout itself there is only a mark with its id, by which its record is found. The mark is not trusted.
"""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from lab.errors import UsageError
from lab.files import write_atomic
from lab.json_files import from_json, to_json
from lab.library import HANDOUT_MARK, Library
from lab.lock import exclusive_lock
from lab.progress import silent

MARK = HANDOUT_MARK
ID = re.compile(r"[0-9a-f]{12}")
FOLDER_VARIABLE = "LAB_HANDOUTS"


@dataclass(frozen=True, slots=True)
class Mark:
    """What is in a handout's `handout.json`: its id, and what it is called."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Given:
    """Help that a candidate was given: `kind` is "fix" or "hint", `bug` its number.

    `hint` is the number of the hint, from 1; 0 for a fix. `at` is Unix time in seconds. `revision` is the
    Alembic revision in which an exported fix changes the schema; empty if there is none.
    """

    kind: str
    bug: int
    at: float
    hint: int = 0
    revision: str = ""


@dataclass(frozen=True, slots=True)
class Handout:
    """A handout: the numbers of its bugs and of the fixes built into it, its time, rule on AI, and origin.

    `ai` is "allowed", "required" or "none". `head` is its head revision, `tree` the id of its git tree, `at`
    when it was made (Unix time in seconds), `lab` the version that made it, `library` the library's digest,
    `code` that of the code that was handed out (empty: the record is older and does not say).
    """

    id: str
    name: str
    bugs: tuple[int, ...]
    built_in: tuple[int, ...]
    minutes: int
    ai: str
    head: str
    tree: str
    at: float
    lab: str
    library: str
    given: tuple[Given, ...] = ()
    code: str = ""

    def hints_given(self, bug: int) -> int:
        """Return how many hints of the bug were given."""
        return max((one.hint for one in self.given if one.kind == "hint" and one.bug == bug), default=0)


def require_bug(record: Handout, number: int) -> None:
    """Raise UsageError if the handout lacks this bug."""
    if number not in record.bugs:
        bugs = ", ".join(map(str, record.bugs)) or "none"
        raise UsageError(f"Bug {number} is not in the handout {record.id}.", f"Its bugs are: {bugs}.")


def folder(library: Library) -> Path:
    """Return the folder of the records: LAB_HANDOUTS, else beside the library, or the user's."""
    if named := os.environ.get(FOLDER_VARIABLE):
        return Path(named)
    if not library.is_packaged:
        return library.root / ".lab" / "handouts"
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "lab" / "handouts"


def keep(library: Library, handout: Handout) -> Path:
    """Write the record, in place of an earlier one, and return its file. Raises EnvironmentFault."""
    file = folder(library) / f"{handout.id}.json"
    write_atomic(file, to_json(handout).encode(), mode=0o600)
    return file


def find(library: Library, id_: str) -> Handout:
    """Return the record of this id. Raises UsageError: there is none, or it cannot be read."""
    file = folder(library) / f"{id_}.json"
    if ID.fullmatch(id_):
        with suppress(OSError, ValueError):
            return from_json(file.read_bytes(), Handout)
    raise UsageError(
        f"There is no record of a handout {id_!r} in {folder(library)}.",
        f"To see all: lab handout --list. If the records are elsewhere, set {FOLDER_VARIABLE}.",
    )


def every(library: Library) -> Iterator[Handout]:
    """Yield all records that can be read, the newest first."""
    found = []
    for file in folder(library).glob("*.json"):
        with suppress(OSError, ValueError):
            found.append(from_json(file.read_bytes(), Handout))
    yield from sorted(found, key=lambda one: one.at, reverse=True)


def mark_of(root: Path) -> Mark | None:
    """Return the mark of the handout in this folder; None if it is no handout."""
    try:
        return from_json((root / MARK).read_bytes(), Mark)
    except (OSError, ValueError):
        return None


def handout_in(root: Path, library: Library) -> Handout | None:
    """Return the record of the handout in this folder; None if it is no handout.

    Raises UsageError: there is no record, or the mark cannot be read.
    """
    mark = mark_of(root)
    if mark is not None:
        return find(library, mark.id)
    if (root / MARK).exists():
        raise UsageError(f"{MARK} in {root} is no mark of a handout.", "Name the record: --handout FILE")
    return None


def recorded_in(root: Path, library: Library) -> Handout | None:
    """Return the record of the handout in this folder; None if it is no handout, or there is no record."""
    try:
        return handout_in(root, library)
    except UsageError:
        return None


def named(text: str, library: Library) -> Handout:
    """Return the record that `text` means: the id of a handout, or a folder with one.

    Raises:
        UsageError: it means no handout, or there is no record of it.
    """
    if ID.fullmatch(text) and not Path(text).is_dir():
        return find(library, text)
    if (mark := mark_of(Path(text))) is not None:
        return find(library, mark.id)
    raise UsageError(
        f"{text!r} is neither a handout's id nor a folder with a handout: there is no {Path(text) / MARK}.",
        "To see all handouts: lab handout --list",
    )


def give(library: Library, id_: str, *given: Given) -> Handout:
    """Add help to a record, and return it. Raises as `find` and `keep`, and Locked."""
    with exclusive_lock(folder(library) / ".lock", progress=silent):
        before = find(library, id_)
        after = replace(before, given=(*before.given, *given))
        keep(library, after)
    return after


def open_hint(library: Library, id_: str, bug: int, hints: int, at: float) -> int:
    """Record that one more of the bug's `hints` was given, if one is left; return how many were before.

    Raises as `give`.
    """
    with exclusive_lock(folder(library) / ".lock", progress=silent):
        before = find(library, id_)
        count = before.hints_given(bug)
        if count < hints:
            keep(library, replace(before, given=(*before.given, Given("hint", bug, at, count + 1))))
    return count
