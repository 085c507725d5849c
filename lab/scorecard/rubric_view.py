"""What a page shows of a rubric: its lines, the evidence beside each, and the marks of each rater."""

from dataclasses import dataclass

from lab.scorecard.card import Card
from lab.scorecard.evidence_for import EvidenceText, evidence_for
from lab.scorecard.rubric import Rubric


@dataclass(frozen=True, slots=True)
class Anchor:
    """What a mark means on one line: its word, such as "good", and the description."""

    word: str
    text: str


@dataclass(frozen=True, slots=True)
class MarkView:
    """What one rater says of one line. `mark` is the word of an anchor, empty if it is not marked yet."""

    rater: str
    mark: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class LineView:
    """A line of the rubric: its title, what it asks, its anchors, the evidence, and a mark of each rater."""

    title: str
    asks: str
    anchors: tuple[Anchor, ...]
    evidence: tuple[EvidenceText, ...] = ()
    marks: tuple[MarkView, ...] = ()


@dataclass(frozen=True, slots=True)
class RubricView:
    """The rubric of a card. The marks of a line are in the order of the raters, the same on every line."""

    lines: tuple[LineView, ...]


def rubric_view(rubric: Rubric, card: Card) -> RubricView:
    """Return the rubric beside the card's evidence, without marks: who may see those is not known here."""
    return RubricView(
        tuple(
            LineView(
                line.title,
                line.asks,
                tuple(Anchor(str(mark), text) for mark, text in line.anchors.items()),
                evidence_for(line, card),
            )
            for line in rubric.lines
        )
    )
