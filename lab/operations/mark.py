"""Mark a card: a person's marks and notes for the lines of the rubric, beside what was measured."""

import time
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.errors import Refused, UsageError
from lab.library import Library
from lab.scorecard.card import Card
from lab.scorecard.card_file import CARD, card_folder, read_card_file
from lab.scorecard.event import EventKind, salted
from lab.scorecard.evidence_for import evidence_for
from lab.scorecard.marks import MARKS, History, history_to_change, origin_of, read_history
from lab.scorecard.raters import Rater, agreement, raters_of, visible_to
from lab.scorecard.rubric import Line, Mark, Rubric, read_rubric

NO_MARK = "none"
LONGEST_NAME = 100
LONGEST_NOTE = 4000


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one line: its mark (`none` clears it) and its note. None: it stays as it is."""

    line: str
    mark: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class GivenMark:
    """One rater's mark of a line: see `lab.scorecard.raters.LineMark`."""

    rater: str
    mark: str
    note: str
    late: bool
    signed_as: str


@dataclass(frozen=True, slots=True)
class MarkedLine:
    """A line of the rubric, the evidence beside it, and the marks that the rater may see, their own first."""

    id: str
    phase: str
    title: str
    asks: str
    anchors: dict[Mark, str]
    evidence: tuple[str, ...]
    marks: tuple[GivenMark, ...]
    agreement: str


@dataclass(frozen=True, slots=True)
class Marking:
    """A card as one rater sees it. `signed`: when they first signed, in Unix time; None if not yet.

    `unsigned_changes`: something was changed since. `others` are the raters whose marks are shown too.
    `history` is the hash of the whole history; `own` that of the rater's last event, empty if there is none.
    `cut` is the length in bytes of a half-written event, which is left out.
    """

    submission: str
    folder: Path
    problem: str
    rater: str
    signed: float | None
    unsigned_changes: bool
    others: tuple[str, ...]
    lines: tuple[MarkedLine, ...]
    history: str
    own: str
    cut: int

    @property
    def unmarked(self) -> tuple[str, ...]:
        """The titles of the lines without a mark of this rater's."""
        return tuple(line.title for line in self.lines if not line.marks[0].mark)


class ChangedMeanwhile(Refused):
    """The rater's marks are no longer those that the change was made from."""


def marking(folder: Path, library: Library, name: str) -> Marking:
    """Return the card in the folder as this rater sees it.

    Raises:
        UsageError: there is no card, the library has no rubric, or the name cannot be used.
        InvalidFile: the card or the rubric cannot be read.
        Refused: the card is of another rubric, could not be graded, was forgotten, or its history is broken.
    """
    folder = card_folder(folder)
    card, rubric = _card_and_rubric(folder, library)
    history = read_history(folder / MARKS, origin_of(card))
    return _marking(folder, card, rubric, history, _known(rater_name(name), history))


def save(
    folder: Path,
    library: Library,
    name: str,
    changes: Sequence[Change],
    *,
    sign: bool = False,
    made_from: str | None = None,
) -> Marking:
    """Add the changes to the history of the marks, with `sign` the signature too, and return the result.

    What is no change adds nothing. `made_from` is the `own` of the marking that the changes were made from.

    Raises:
        ChangedMeanwhile: `made_from` is not the rater's last event any more.
        UsageError: as `marking`; or no such line or mark, a text that is too long, nothing to sign.
        Refused, InvalidFile: as `marking`. Locked: another process changes the marks of this card.
        EnvironmentFault: the history cannot be written.
    """
    folder = card_folder(folder)
    _, rubric = _card_and_rubric(folder, library)
    wanted = [_checked(change, rubric) for change in changes]
    name = rater_name(name)
    with history_to_change(folder / MARKS, lambda: origin_of(read_card_file(folder))) as writer:
        card, rubric = _card_and_rubric(folder, library)  # as it is now
        name = _known(name, writer.history)
        rater = _rater(name, writer.history)
        if made_from is not None and made_from != rater.last:
            raise ChangedMeanwhile(
                "Your marks were changed elsewhere since this was opened.", "Compare both, then save again."
            )
        added = []
        marks = {line.id: rater.of(line.id).mark for line in rubric.lines}
        for change in wanted:
            before = rater.of(change.line)
            mark = before.mark if change.mark is None else change.mark
            note = before.note if change.note is None else change.note
            marks[change.line] = mark
            if (mark, note) != (before.mark, before.note):
                added.append((EventKind.MARK, salted(name, change.line, mark, note)))
        if sign and not any(marks.values()):
            raise UsageError("No line has a mark of yours yet.", "Mark lines first, then sign.")
        if sign and (added or rater.signed is None or rater.unsigned_changes):
            added.append((EventKind.SIGNED, salted(name)))
        if added:
            writer.add(round(time.time(), 3), *added)
        return _marking(folder, card, rubric, writer.history, name)


def rater_name(text: str) -> str:
    """Return the name as it is kept: with single spaces. Raises UsageError: it is empty, or no plain text."""
    name = unicodedata.normalize("NFC", " ".join(text.split()))
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise UsageError(f"A name has 1 to {LONGEST_NAME} printable characters.", 'As in --name "Ada L.".')
    return name


def _checked(change: Change, rubric: Rubric) -> Change:
    """Return the change as it is kept. Raises UsageError."""
    rubric.line(change.line)
    if change.mark is not None and change.mark not in (*Mark, NO_MARK):
        raise UsageError(
            f"There is no mark {change.mark!r}.", f"The marks: {', '.join(Mark)}; {NO_MARK} clears one."
        )
    mark = "" if change.mark == NO_MARK else change.mark
    if change.note is None:
        return Change(change.line, mark)
    note = "\n".join(line.rstrip() for line in change.note.strip().splitlines())
    if len(note) > LONGEST_NOTE:
        raise UsageError(f"A note has at most {LONGEST_NOTE} characters, and this one {len(note)}.")
    if not all(sign.isprintable() or sign in "\n\t" for sign in note):
        raise UsageError("The note has characters that cannot be printed.")
    return Change(change.line, mark, note)


def _card_and_rubric(folder: Path, library: Library) -> tuple[Card, Rubric]:
    if not (folder / CARD).exists() and read_history(folder / MARKS, None).is_forgotten:
        raise Refused("This submission was forgotten: only the tombstone is left.")
    card = read_card_file(folder)
    rubric = read_rubric(library.rubric)
    if rubric is None:
        raise UsageError(
            f"The library in {library.root} has no rubric.", "Write one to its fixes/rubric.toml."
        )
    if card.environment:
        raise Refused(f"It could not be graded: {card.problem}", "Grade it again, then mark it.")
    if card.rubric != rubric.digest:
        raise Refused(
            "The card is of another version of the rubric.",
            "lab regrade makes cards of the rubric as it is now, in a new folder; --library DIR names the "
            "library with the earlier one.",
        )
    return card, rubric


def _known(name: str, history: History) -> str:
    """Return the name as an earlier event spells it, upper or lower case; else as it is."""
    return next((one.name for one in raters_of(history) if one.name.casefold() == name.casefold()), name)


def _rater(name: str, history: History) -> Rater:
    return next((one for one in raters_of(history) if one.name == name), Rater(name))


def _marking(folder: Path, card: Card, rubric: Rubric, history: History, name: str) -> Marking:
    seen = visible_to(name, raters_of(history)) or (Rater(name),)
    return Marking(
        submission=card.submission.name,
        folder=folder,
        problem=card.problem,
        rater=name,
        signed=seen[0].signed,
        unsigned_changes=seen[0].unsigned_changes,
        others=tuple(one.name for one in seen[1:]),
        lines=tuple(_line(line, card, seen) for line in rubric.lines),
        history=history.last,
        own=seen[0].last,
        cut=history.cut,
    )


def _line(line: Line, card: Card, raters: Sequence[Rater]) -> MarkedLine:
    marks = tuple(
        GivenMark(one.name, mark.mark, mark.note, mark.late, mark.signed_as)
        for one in raters
        for mark in (one.of(line.id),)
    )
    return MarkedLine(
        line.id,
        line.phase,
        line.title,
        line.asks,
        line.anchors,
        tuple(one.text for one in evidence_for(line, card)),
        marks,
        agreement([one.mark for one in marks]),
    )
