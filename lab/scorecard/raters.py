"""What each rater's marks are now, and which of them another rater may see. Nothing here adds marks up."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from lab.scorecard.event import Event, EventKind
from lab.scorecard.marks import History
from lab.scorecard.rubric import Mark


@dataclass(frozen=True, slots=True)
class LineMark:
    """A rater's mark of one line, empty if there is none, their note, and when it was given (Unix time).

    `late`: mark or note was given or changed after the rater had signed; `signed_as` is the mark until then.
    """

    mark: str
    note: str
    at: float
    late: bool = False
    signed_as: str = ""


@dataclass(frozen=True, slots=True)
class Rater:
    """A rater's marks by the ids of their lines. `signed` is when they first signed, in Unix time.

    `unsigned_changes`: there are marks after the last signature. `as_signed` are the marks as they were then.
    `last` is the hash of their last event.
    """

    name: str
    marks: dict[str, LineMark] = field(default_factory=dict)
    signed: float | None = None
    unsigned_changes: bool = False
    as_signed: dict[str, LineMark] = field(default_factory=dict)
    last: str = ""

    def of(self, line: str) -> LineMark:
        """Return the mark of a line; an empty one if there is none."""
        return self.marks.get(line, LineMark("", "", 0.0))


def raters_of(history: History) -> tuple[Rater, ...]:
    """Return the raters, in the order in which they began."""
    found: dict[str, _Folded] = {}
    for event in history.events:
        if event.details is not None:
            found.setdefault(event.details.rater, _Folded()).add(event)
    return tuple(one.rater(name) for name, one in found.items())


def visible_to(name: str, raters: Sequence[Rater]) -> tuple[Rater, ...]:
    """Return the raters whose marks this one may see, with these marks, their own first.

    Once they have signed, those are the signed marks of all others too.
    """
    own = next((one for one in raters if one.name == name), None)
    if own is None:
        return ()
    if own.signed is None:
        return (own,)
    others = (one for one in raters if one is not own and one.signed is not None)
    return (own, *(replace(one, marks=one.as_signed) for one in others))


def agreement(marks: Sequence[str]) -> str:
    """Return in words how far two or more raters' marks of a line are apart; empty for fewer than two."""
    order = list(Mark)
    steps = [order.index(Mark(one)) for one in marks if one]
    if len(steps) < 2:
        return ""
    apart = max(steps) - min(steps)
    return ("the same", "one step apart")[apart] if apart < 2 else "more than one step apart"


class _Folded:
    """The events of one rater so far."""

    def __init__(self) -> None:
        self._marks: dict[str, LineMark] = {}
        self._first_signed: dict[str, str] = {}
        self._as_signed: dict[str, LineMark] = {}
        self._signed: float | None = None
        self._unsigned = False
        self._last = ""

    def add(self, event: Event) -> None:
        self._last = event.hash
        if event.kind is EventKind.SIGNED:
            self._unsigned = False
            self._as_signed = dict(self._marks)
            if self._signed is None:
                self._signed = event.at
                self._first_signed = {line: one.mark for line, one in self._marks.items()}
        elif event.details is not None:
            self._unsigned = True
            line = event.details.line
            late = self._signed is not None
            signed_as = self._first_signed.get(line, "")
            self._marks[line] = LineMark(event.details.mark, event.details.note, event.at, late, signed_as)

    def rater(self, name: str) -> Rater:
        late = self._unsigned and self._signed is not None
        return Rater(name, dict(self._marks), self._signed, late, self._as_signed, self._last)
