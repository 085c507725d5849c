"""PrairieLearn: every test has points, and what could not be graded costs no attempt."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings

from lab.probing.evidence import Verdict
from lab.scorecard.card import BugCard, Card
from lab.scorecard.course import Course
from lab.scorecard.formats.prairielearn import MOST_BYTES, prairielearn
from tests.lab.scorecard.cards import EMPTY, EVERY, FAILED, bug, card, cards, courses

SCHEMA = json.loads(Path(__file__).with_name("prairielearn.schema.json").read_text())
VALIDATOR = jsonschema_rs.validator_for(SCHEMA)
COURSE = Course(dict.fromkeys(range(1, 7), 10.0), masked=0.5)


def document(graded: Card, course: Course = COURSE) -> Any:
    found = json.loads(prairielearn(graded, course))
    VALIDATOR.validate(found)
    return found


def test_each_verdict_has_its_points() -> None:
    found = document(EVERY)
    assert [(one["points"], one["max_points"]) for one in found["tests"]] == [
        *((10, 10), (5, 10), (0, 10)),
        *((0, 0), (0, 0), (0, 0)),
    ]
    assert found["score"] == 0.5


def test_the_names_of_bugs_are_hidden() -> None:
    text = prairielearn(EVERY, COURSE)
    assert "Symptom 1" in text
    assert "Title" not in text
    assert "Seen" not in text


@pytest.mark.parametrize(
    ("graded", "message"),
    [
        (EMPTY, "It is empty."),
        (FAILED, "the grading machine failed"),
        (card(bug(1, Verdict.UNMEASURED)), "could be measured"),
    ],
)
def test_what_could_not_be_graded_is_not_gradable_and_says_why(graded: Card, message: str) -> None:
    found = document(graded)
    assert found["gradable"] is False
    assert message in found["format_errors"][0]
    assert "/srv" not in str(found)


@pytest.mark.parametrize("count", [40, 500])
def test_a_large_card_fits_in_one_megabyte(count: int) -> None:
    bugs = [BugCard(n, "🦀" * 5000, "s", Verdict.PRESENT, "🦀" * 5000, None, ()) for n in range(1, count + 1)]
    course = Course(dict.fromkeys(range(1, count + 1), 1.0), names=True)
    text = prairielearn(card(*bugs), course)
    assert len(text.encode()) <= MOST_BYTES
    assert json.loads(text)["score"] == 0


@settings(max_examples=15, deadline=None)
@given(cards, courses)
def test_any_card_is_valid(graded: Card, course: Course) -> None:
    document(graded, course)
