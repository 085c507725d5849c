"""The results.json of Gradescope.

https://gradescope-autograders.readthedocs.io/en/latest/specs/
Its top-level output is HTML unless the format is named. Students see `visible` tests and that output at once.
"""

import json
import math
from typing import Any

from lab.scorecard.card import Card
from lab.scorecard.course import Course
from lab.scorecard.outcomes import in_one_line
from lab.scorecard.points import Item, Scored, scored


def gradescope(card: Card, course: Course) -> str:
    """Return the card as results.json. If the machine failed, it has no score, and Gradescope takes none."""
    found = scored(card, course)
    document: dict[str, Any] = {
        "output": found.message,
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": course.visibility,
        "stdout_visibility": "hidden",
        "extra_data": {"lab": in_one_line(card.lab, 300), "judgement": card.judgement},
    }
    if math.isfinite(card.seconds):
        document["execution_time"] = card.seconds
    if found.share is not None or found.unusable:
        document["score"] = found.score
    return f"{json.dumps(document | {'tests': _tests(found)}, indent=1)}\n"


def _tests(found: Scored) -> list[dict[str, Any]]:
    tests = [_test(number, item) for number, item in enumerate(found.items, 1)]
    if found.share is None:
        notice = {"name": "Not graded", "status": "failed", "output": found.message, "visibility": "visible"}
        for test in tests:  # a test with a score would make a total of 0
            del test["score"], test["max_score"]
        return [notice, *tests]
    return tests


def _test(number: int, item: Item) -> dict[str, Any]:
    return {
        "name": item.name,
        "number": str(number),
        "score": item.points,
        "max_score": item.most,
        "output": item.text,
    }
