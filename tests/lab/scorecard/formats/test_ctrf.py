"""CTRF: valid by its own schema, whatever the card holds."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings

from lab.scorecard.card import Card
from lab.scorecard.formats.ctrf import ctrf
from tests.lab.scorecard.cards import EMPTY, EVERY, FAILED, cards

# Of the package ctrf 0.3.0 on npm, with its licence beside it: https://github.com/ctrf-io/ctrf
SCHEMA = json.loads(Path(__file__).with_name("ctrf-schema-0.0.json").read_text())
VALIDATOR = jsonschema_rs.validator_for(SCHEMA)


def document(card: Card) -> Any:
    found = json.loads(ctrf(card))
    VALIDATOR.validate(found)
    return found["results"]


def test_each_verdict_has_its_status() -> None:
    tests = [one for one in document(EVERY)["tests"] if one["suite"] == ["bugs"]]
    statuses = ["passed", "failed", "failed", "skipped", "other", "other"]
    assert [one["status"] for one in tests] == statuses
    assert [one["rawStatus"] for one in tests][1:] == [
        "masked",
        "present",
        "blocked by 3",
        "unmeasured",
        "given",
    ]


@pytest.mark.parametrize(("card", "status"), [(EMPTY, "failed"), (FAILED, "other")])
def test_a_card_that_could_not_be_graded_is_one_test(card: Card, status: str) -> None:
    (test,) = document(card)["tests"]
    word = "cannot be graded" if status == "failed" else "not graded here"
    assert (test["status"], test["rawStatus"]) == (status, word)


@settings(max_examples=15, deadline=None)
@given(cards)
def test_any_card_is_valid_and_its_summary_counts_its_tests(card: Card) -> None:
    found = document(card)
    counts = Counter(one["status"] for one in found["tests"])
    summary = found["summary"]
    assert {name: summary[name] for name in counts} == dict(counts)
    assert summary["tests"] == len(found["tests"])
