"""JUnit XML, which most services of continuous integration read.

There is no standard. The elements and attributes here are those that https://github.com/testmoapp/junitxml
calls common and that Jenkins' junit-10.xsd has (https://github.com/jenkinsci/xunit-plugin). XML 1.0 cannot
hold control characters in any form: outcomes have none.
"""

import math
from collections.abc import Sequence
from xml.etree import ElementTree

from lab.scorecard.card import Card
from lab.scorecard.outcomes import Kind, Outcome, State, in_one_line, moment, outcomes

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
FAILURE, ERROR, SKIPPED = "failure", "error", "skipped"
RESULTS = {
    State.MASKED: FAILURE,
    State.BAD: FAILURE,
    State.SKIPPED: SKIPPED,
    State.GIVEN: SKIPPED,
    State.UNKNOWN: ERROR,
    State.UNUSABLE: ERROR,
}
"""The element of each state; one that is good has none."""


def junit(card: Card) -> str:
    """Return the card as JUnit XML: a suite for the bugs, one for what else broke, one for the migrations."""
    found = outcomes(card)
    at, time = moment(card.at), f"{card.seconds if math.isfinite(card.seconds) else 0.0:.3f}"
    name = in_one_line(card.submission.name, 300)
    root = ElementTree.Element("testsuites", {"name": name, **_counts(found), "time": time})
    for kind in Kind:
        if mine := [one for one in found if one.kind is kind]:
            counts = {**_counts(mine), "skipped": str(_count(mine, SKIPPED))}
            suite = ElementTree.SubElement(root, "testsuite", {"name": str(kind), **counts})
            if at:
                suite.set("timestamp", at)
            _properties(suite, card)
            for one in mine:
                _case(suite, one)
    ElementTree.indent(root)
    return f"{DECLARATION}{ElementTree.tostring(root, encoding='unicode')}\n"


def _properties(suite: ElementTree.Element, card: Card) -> None:
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in (("lab", card.lab), ("library", card.library), ("judgement", card.judgement)):
        ElementTree.SubElement(properties, "property", name=name, value=in_one_line(value, 300))


def _case(suite: ElementTree.Element, one: Outcome) -> None:
    case = ElementTree.SubElement(suite, "testcase", name=one.name, classname=f"lab.{one.kind}")
    if one.state is State.GOOD:
        ElementTree.SubElement(case, "system-out").text = one.text
        return
    result = ElementTree.SubElement(
        case, RESULTS[one.state], type=one.word, message=in_one_line(one.why, 300)
    )
    result.text = one.text


def _counts(found: Sequence[Outcome]) -> dict[str, str]:
    return {
        "tests": str(len(found)),
        "failures": str(_count(found, FAILURE)),
        "errors": str(_count(found, ERROR)),
    }


def _count(found: Sequence[Outcome], element: str) -> int:
    return sum(RESULTS.get(one.state) == element for one in found)
