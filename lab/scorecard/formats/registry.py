"""All formats by name: the file that each is written to, and how a card becomes its text."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lab.scorecard.card import Card
from lab.scorecard.course import Course
from lab.scorecard.formats.annotations import annotations
from lab.scorecard.formats.ctrf import ctrf
from lab.scorecard.formats.gradescope import gradescope
from lab.scorecard.formats.junit import junit
from lab.scorecard.formats.prairielearn import prairielearn
from lab.scorecard.formats.review_sarif import review_sarif
from lab.scorecard.formats.summary import summary
from lab.scorecard.formats.table import table


@dataclass(frozen=True, slots=True)
class Format:
    """A format: the name of its file, beside the card, and its renderer. `with_points`: it needs a course."""

    file: str
    render: Callable[[Card, Course], str]
    with_points: bool = False


def _plain(render: Callable[[Card], str]) -> Callable[[Card, Course], str]:
    return lambda card, _: render(card)


FORMATS: Mapping[str, Format] = {
    "junit": Format("junit.xml", _plain(junit)),
    "ctrf": Format("ctrf.json", _plain(ctrf)),
    "gradescope": Format("gradescope.json", gradescope, with_points=True),
    "prairielearn": Format("prairielearn.json", prairielearn, with_points=True),
    "summary": Format("summary.md", _plain(summary)),
    "sarif": Format("review.sarif", _plain(review_sarif)),
    "annotations": Format("annotations.txt", _plain(annotations)),
    "csv": Format("card.csv", _plain(lambda card: table([card]))),
}

NO_POINTS = Course({})
"""For the formats without points."""
