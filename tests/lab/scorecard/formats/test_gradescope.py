"""Gradescope: what does not count changes no score, and names stay hidden unless a teacher shows them."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema_rs
from hypothesis import given, settings

from lab.probing.evidence import Verdict
from lab.scorecard.card import Card
from lab.scorecard.course import Course
from lab.scorecard.formats.gradescope import gradescope
from tests.lab.scorecard.cards import EMPTY, EVERY, FAILED, bug, card, cards, courses

SCHEMA = json.loads(Path(__file__).with_name("gradescope.schema.json").read_text())
VALIDATOR = jsonschema_rs.validator_for(SCHEMA)
COURSE = Course(dict.fromkeys(range(1, 7), 10.0), masked=0.5)


def document(graded: Card, course: Course = COURSE) -> Any:
    found = json.loads(gradescope(graded, course))
    VALIDATOR.validate(found)
    return found


def test_each_verdict_has_its_points() -> None:
    points = [(one["score"], one["max_score"]) for one in document(EVERY)["tests"]]
    assert points == [(10, 10), (5, 10), (0, 10), (0, 0), (0, 0), (0, 0)]


def test_what_does_not_count_takes_nothing_from_the_score() -> None:
    measured = document(card(bug(1, Verdict.FIXED), bug(2, Verdict.UNMEASURED)))
    assert measured["score"] == 20
    assert "10 of 20 points" in measured["output"]


def test_the_names_of_bugs_are_hidden_unless_the_course_shows_them() -> None:
    text = gradescope(EVERY, COURSE)
    assert "Title" not in text
    assert "Seen" not in text
    assert document(EVERY)["visibility"] == "after_published"
    assert document(EVERY)["tests"][0]["name"] == "Symptom 1"
    named = document(EVERY, replace(COURSE, names=True, visibility="visible"))
    assert named["tests"][0]["name"] == "1. Title 1"
    assert "slowest: 7.5 ms (at most 5 ms)" in named["tests"][0]["output"]
    assert named["visibility"] == "visible"


def test_no_html_of_a_submission_is_rendered() -> None:
    """The top-level output is HTML unless the format says otherwise."""
    found = document(card(problem="<b>It is empty.</b>"))
    assert [found[key] for key in ("output_format", "test_output_format", "test_name_format")] == ["text"] * 3


def test_a_submission_that_is_no_work_gets_0_and_a_visible_reason() -> None:
    found = document(EMPTY)
    assert found["score"] == 0
    (test,) = found["tests"]
    assert (test["output"], test["visibility"]) == ("It is empty.", "visible")


def test_a_machine_that_failed_gives_no_score_and_shows_no_path() -> None:
    found = document(FAILED)
    assert "score" not in found
    assert not any("score" in test for test in found["tests"])
    assert "says nothing about the work" in found["output"]
    assert "/srv" not in gradescope(FAILED, COURSE)


def test_a_card_on_which_nothing_could_be_measured_has_no_score() -> None:
    found = document(card(bug(1, Verdict.UNMEASURED), bug(2, Verdict.BLOCKED)))
    assert "score" not in found
    assert not any("score" in test for test in found["tests"])


@settings(max_examples=15, deadline=None)
@given(cards, courses)
def test_any_card_is_valid(graded: Card, course: Course) -> None:
    found = document(graded, course)
    assert found.get("score", 0) >= 0
