"""The results.json of an external grader of PrairieLearn.

https://docs.prairielearn.com/externalGrading/#grading-results
It may have 1 MB. A test without points turns off the points of all. Students see all of it at once.
"""

import json
from typing import Any

from lab.scorecard.card import Card
from lab.scorecard.course import Course
from lab.scorecard.outcomes import shown
from lab.scorecard.points import Scored, scored

MOST_BYTES = 10**6
LENGTHS = (20_000, 2000, 200, 1)
"""Characters of a text: the first with which all of it fits."""


def prairielearn(card: Card, course: Course) -> str:
    """Return the card as results.json. If there is no score, it is not gradable, which costs no attempt."""
    found = scored(card, course)
    for longest in LENGTHS:
        text = f"{json.dumps(_document(found, longest), indent=1)}\n"
        if len(text) <= MOST_BYTES:
            return text
    score = {"gradable": True, "score": found.share or 0.0, "message": found.message}
    return f"{json.dumps(score)}\n"


def _document(found: Scored, longest: int) -> dict[str, Any]:
    if found.share is None:
        return {"gradable": False, "format_errors": [found.message], "message": found.message}
    tests = [
        {"name": one.name, "points": one.points, "max_points": one.most, "output": shown(one.text, longest)}
        for one in found.items
    ]
    return {"gradable": True, "score": found.share, "message": found.message, "tests": tests}
