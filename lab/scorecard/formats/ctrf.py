"""CTRF, the Common Test Report Format: JSON for tools that report tests.

https://ctrf.io/docs/specification/overview, its schema: https://github.com/ctrf-io/ctrf
"""

import json
import math
from collections import Counter
from typing import Any

from lab.scorecard.card import Card
from lab.scorecard.outcomes import Outcome, State, in_one_line, outcomes

SPECIFICATION = "0.0.0"
STATUSES = {
    State.GOOD: "passed",
    State.MASKED: "failed",
    State.BAD: "failed",
    State.SKIPPED: "skipped",
    State.GIVEN: "other",
    State.UNKNOWN: "other",
    State.UNUSABLE: "failed",
}


def ctrf(card: Card) -> str:
    """Return the card as a CTRF document. Durations of single tests are 0: they are measured together."""
    found = outcomes(card)
    counts = Counter(STATUSES[one.state] for one in found)
    start = _milliseconds(card.at)
    summary = {name: counts[name] for name in ("passed", "failed", "pending", "skipped", "other")}
    document = {
        "reportFormat": "CTRF",
        "specVersion": SPECIFICATION,
        "generatedBy": "lab grade",
        "results": {
            "tool": {"name": "lab", "version": in_one_line(card.lab, 300)},
            "summary": {
                "tests": len(found),
                **summary,
                "start": start,
                "stop": start + _milliseconds(card.seconds),
            },
            "tests": [_test(one) for one in found],
            "extra": {
                "submission": in_one_line(card.submission.name, 300),
                "library": in_one_line(card.library, 300),
                "judgement": card.judgement,
            },
        },
    }
    return f"{json.dumps(document, indent=1)}\n"


def _test(one: Outcome) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": one.name,
        "status": STATUSES[one.state],
        "rawStatus": one.word,
        "duration": 0,
        "suite": [str(one.kind)],
        "message": one.why,
    }
    if one.details:
        found["trace"] = "\n".join(one.details)
    if one.file:
        found["filePath"] = one.file
    if one.line:
        found["line"] = one.line
    return found


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000) if math.isfinite(seconds) and 0 <= seconds < 1e12 else 0
