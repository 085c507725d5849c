"""What `lab grade` prints for people: one line for each submission, by name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.text import Text

from lab.cli.check_views import STYLES
from lab.cli.tables import table
from lab.operations.batch import INDEX
from lab.operations.grade import Graded, Packed
from lab.scorecard.states import broke, migrations
from lab.sentences import counted, inert

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import RenderableType

    from lab.scorecard.card import BugCard, Card


def graded(found: Graded) -> Iterator[RenderableType]:
    numbers = sorted({bug.number for card in found.cards for bug in card.bugs})
    listed = table("SUBMISSION", *map(str, numbers), "BROKE", "MIGRATIONS", "NOTE", unwrapped=("SUBMISSION",))
    for card in sorted(found.cards, key=lambda one: one.submission.name):
        bugs = {bug.number: bug for bug in card.bugs}
        cells = [_verdict(bugs.get(number)) for number in numbers]
        listed.add_row(
            Text(inert(card.submission.name)),
            *cells,
            broke(card),
            migrations(card),
            Text(inert(card.problem), "yellow"),
        )
    yield listed
    yield f"{counted(len(found.cards), 'card')} in {found.out}, in {found.seconds:.1f} s."
    yield f"To read them: {found.out / INDEX}"


def packed(found: Packed) -> Iterator[RenderableType]:
    for bundle in found.bundles:
        yield inert(str(bundle))
    for card in found.cards:
        if card.problem:
            yield f"{inert(card.submission.name)}: {inert(card.problem)}"
    yield f"{counted(len(found.bundles), 'bundle')}. Submissions that have none: {len(found.cards)}."


def alone(card: Card, result: Path) -> str:
    said = f"not graded: {inert(card.problem)}" if card.problem else "graded."
    return f"{inert(card.submission.name)}: {said} The result is {result}."


def _verdict(bug: BugCard | None) -> Text:
    if bug is None:
        return Text("")
    return Text("given", "dim") if bug.given else Text(str(bug.verdict), STYLES[bug.verdict])
