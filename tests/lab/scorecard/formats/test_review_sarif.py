"""The review as SARIF: without a review it is not clean."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from lab.review.finding import Basis, Finding
from lab.scorecard.card import Card, ReviewCard
from lab.scorecard.formats.review_sarif import review_sarif
from tests.lab.review.test_sarif import VALIDATOR
from tests.lab.scorecard.cards import EMPTY, EVERY, cards


def run(card: Card) -> Any:
    found = json.loads(review_sarif(card))
    VALIDATOR.validate(found)
    return found["runs"][0]


def test_the_findings_of_the_review_are_its_results() -> None:
    finding = Finding("data-lost", "f.py", 4, Basis.MEASURED, "Gone.")
    found = run(replace(EVERY, review=ReviewCard((finding,))))
    assert [one["ruleId"] for one in found["results"]] == ["data-lost"]
    assert "invocations" not in found


@pytest.mark.parametrize(
    "card", [EMPTY, replace(EVERY, review=None), replace(EVERY, review=ReviewCard(problem="No server."))]
)
def test_without_a_review_the_run_was_not_successful(card: Card) -> None:
    (invocation,) = run(card)["invocations"]
    assert invocation["executionSuccessful"] is False


@settings(max_examples=10, deadline=None)
@given(cards)
def test_any_card_is_valid(card: Card) -> None:
    run(card)
