"""The points of a card by a teacher's course file, for the formats of courses.

Points are never part of a card: without a course file there are none.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lab.scorecard.card import Card
from lab.scorecard.course import Course, Part
from lab.scorecard.outcomes import Kind, Outcome, State, outcomes

SEEN = {
    State.GOOD: "Not seen any more.",
    State.MASKED: "Still seen.",
    State.BAD: "Still seen.",
    State.SKIPPED: "Not tried: another bug is in the way.",
    State.GIVEN: "Its repair was given.",
    State.UNKNOWN: "It could not be measured.",
}
"""What a student sees without the names of bugs: no cause, no figure."""

MOST = 10
"""Regressions, or problems of migrations, that are named."""

NEUTRAL = "This does not count."
NOT_ASKED = "This has no points."
MACHINE = (
    "This was not graded: the grading machine failed. That says nothing about the work, and costs nothing. "
    "It has to be graded again."
)
UNMEASURED = "Nothing that has points could be measured, so there is no score."


@dataclass(frozen=True, slots=True)
class Item:
    """One line with points: `points` of `most`. Below 0, they are lost. With 0 of 0, it does not count."""

    name: str
    text: str
    points: float
    most: float


@dataclass(frozen=True, slots=True)
class Scored:
    """The items of a card. `share` is what was earned of what counts, from 0 to 1; None: there is no score.

    `full` are the points for all items, with those that do not count. `message` is for the student.
    `unusable`: there is no score for a reason in the submission.
    """

    items: tuple[Item, ...]
    share: float | None
    full: float
    message: str
    unusable: bool = False

    @property
    def score(self) -> float:
        """The points: what does not count changes nothing, since the others have the weight of all."""
        return round((self.share or 0.0) * self.full, 4)


def scored(card: Card, course: Course) -> Scored:
    """Return the points of the card."""
    found = outcomes(card)
    if card.problem:
        message = MACHINE if card.environment else found[0].why
        return Scored((), None, 0.0, message, not card.environment)
    bugs = [one for one in found if one.kind is Kind.BUG]
    symptoms, parts = tuple(_bug(one, course) for one in bugs), tuple(_parts(found, course))
    items = (*symptoms, *parts)
    of_bugs = sum(course.points.get(one.number, 0.0) for one in bugs)
    full = of_bugs + course.regressions.earned + course.migrations.earned
    counted = sum(item.most for item in symptoms)
    counts = counted + sum(item.most for item in parts)
    if counts <= 0 or (of_bugs and not counted):
        return Scored(items, None, full, UNMEASURED)
    # Bugs that do not count leave their weight to the other bugs, never to what is no bug.
    earned = sum(item.points for item in symptoms) * (of_bugs / counted if counted else 0.0)
    most = of_bugs + sum(item.most for item in parts)
    share = min(max((earned + sum(item.points for item in parts)) / most, 0.0), 1.0)
    left_out = (
        f" {counts:g} of {full:g} points could be given; these have the weight of all."
        if counts < full
        else ""
    )
    return Scored(items, share, full, f"Graded.{left_out}")


def _bug(one: Outcome, course: Course) -> Item:
    most = course.points.get(one.number, 0.0)
    name = one.name if course.names else f"Symptom {one.number}"
    text = f"{one.symptom}\n{one.text}".strip() if course.names else SEEN[one.state]
    if not most:
        return Item(name, f"{text}\n{NOT_ASKED}", 0.0, 0.0)
    shares = {State.GOOD: 1.0, State.MASKED: course.masked, State.BAD: 0.0}
    if one.state not in shares:
        return Item(name, f"{text}\n{NEUTRAL}", 0.0, 0.0)
    return Item(name, text, round(shares[one.state] * most, 4), most)


def _parts(found: Sequence[Outcome], course: Course) -> Iterator[Item]:
    for kind, part in ((Kind.BESIDE, course.regressions), (Kind.MIGRATION, course.migrations)):
        if part.earned or part.lost:
            yield _part([one for one in found if one.kind is kind], kind, part)


def _part(found: Sequence[Outcome], kind: Kind, part: Part) -> Item:
    """Return the item of what is no bug. Students may see all of it: it is of their own work."""
    text = "\n".join(one.text for one in found[:MOST]) or SEEN[State.UNKNOWN]
    name = str(kind).capitalize()
    if any(one.state is State.BAD for one in found):
        return Item(name, text, -part.lost, part.earned)
    if found and all(one.state is State.GOOD for one in found):
        return Item(name, text, part.earned, part.earned)
    return Item(name, f"{text}\n{NEUTRAL}", 0.0, 0.0)
