"""A card as one page of HTML: no script, no external part, and never too large for a mail."""

from collections.abc import Mapping
from dataclasses import dataclass

from lab.probing.evidence import Verdict
from lab.sandbox.level import UNPROMISED, Level
from lab.scorecard.bars import row_of
from lab.scorecard.card import BugCard, Card
from lab.scorecard.rubric_view import RubricView
from lab.scorecard.states import GIVEN, STATES, TIMES, state_of, time_used
from lab.scorecard.templates import render

MOST = 290_000
"""Bytes of a page. A card that would need more is shown in shorter lists and texts."""

MEANINGS = (
    (STATES[Verdict.FIXED], "the symptom and its cause are gone, and the answers are still right"),
    (STATES[Verdict.MASKED], "the symptom is gone on an easy try, its cause is not"),
    (STATES[Verdict.PRESENT], "the symptom shows"),
    (STATES[Verdict.BLOCKED], "another bug is in the way, so it was not tried"),
    (STATES[Verdict.UNMEASURED], "the environment failed: that counts neither for nor against the candidate"),
    (GIVEN, "the candidate got the repair, to go on with the rest"),
)


@dataclass(frozen=True, slots=True)
class Size:
    """How much a page shows: entries of a list, and characters of a text."""

    items: int
    text: int


SIZES = (Size(100, 600), Size(50, 300), Size(20, 150), Size(8, 80), Size(3, 40))


@dataclass(frozen=True, slots=True)
class RecordLine:
    """A line of the candidate's own records: a command with its exit code, or a commit."""

    kind: str
    text: str
    code: int | None = None


def card_page(card: Card, rubric: RubricView | None = None) -> str:
    """Return the card as a page. It has no total and no rank.

    `rubric` is shown with its marks, if there is one. Where the figures of the shipped code are known, each
    figure is drawn before and after.
    """
    values = {
        "card": card,
        "rubric": rubric,
        "bugs": [(bug, state_of(bug), _rows(bug)) for bug in card.bugs],
        "records": records(card),
        "time": TIMES[time_used(card.time)],
        "unpromised": unpromised(card.machine.sandbox),
        "meanings": MEANINGS,
    }
    return fitted("card.html.j2", values)


def fitted(template: str, values: Mapping[str, object]) -> str:
    """Return the page in the largest of the sizes in which it has at most `MOST` bytes, else the smallest."""
    page = ""
    for size in SIZES:
        page = render(template, {**values, "size": size})
        if len(page.encode()) <= MOST:
            break
    return page


def records(card: Card) -> list[RecordLine]:
    """Return commands and commits in the order of time.

    The times are left out: they would tell how much time a candidate was allowed.
    """
    commands = [(one.at, RecordLine("command", " ".join(one.words), one.code)) for one in card.timeline]
    commits = [(one.at, RecordLine("commit", one.subject)) for one in card.commits]
    return [line for _, line in sorted(commands + commits, key=lambda one: one[0])]


def unpromised(level: str) -> tuple[str, ...]:
    """Return what walls of this level do not promise, as sentences; none for a level that is not known."""
    return UNPROMISED[Level(level)] if level in set(Level) else ()


def _rows(bug: BugCard) -> list[object]:
    known = {one.name: one.value for one in bug.before}
    return [row_of(one, known.get(one.name)) for one in bug.figures]
