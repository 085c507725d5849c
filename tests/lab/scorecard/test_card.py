"""A card is JSON of a published form, and its judgement depends on what was judged alone."""

import json
from dataclasses import replace
from typing import Any

import jsonschema_rs
import pytest

from lab.json_files import from_json, to_json
from lab.probing.contract.results import Beside, Regression
from lab.probing.evidence import Figure, Verdict
from lab.review.finding import Basis, Finding
from lab.scorecard.card import (
    BugCard,
    Card,
    CommandCard,
    CommitCard,
    HandoutCard,
    MigrationCard,
    ReviewCard,
    SubmissionCard,
    TimeCard,
    machine,
)
from tests.conftest import PROJECT

SCHEMA = json.loads((PROJECT / "docs" / "card.schema.json").read_text())
BUG = BugCard(3, "t", "s", Verdict.FIXED, "It is.", None, (Figure("n", 2, "ms", 5.0), Figure("m", 1)))
BROKEN = Regression("GET /a", "GET /a", "", "200", "500", ("GET /a",))
FINDING = Finding("data-lost", "migrations/versions/0003.py", 4, Basis.MEASURED, "5 rows are gone.")
EMPTY = Card(SubmissionCard("ada", ""), "0.1.0", "l", 1.0, 2.0, machine("bwrap"), problem="It is empty.")
FULL = replace(
    EMPTY,
    submission=SubmissionCard("ada", "d", ("app/link is no plain file",)),
    problem="",
    handout=HandoutCard("0123456789ab", (3,), 90, "allowed"),
    bugs=(BUG,),
    beside=Beside(10, (BROKEN,)),
    review=ReviewCard((FINDING,), (MigrationCard("0003", "m", "f", 0.1, None),)),
    timeline=(CommandCard(("up",), 0, 5.0),),
    commits=(CommitCard("Book in one statement", 6.0),),
    time=TimeCard(1.0, True),
    rubric="r",
    notes=("A note.",),
)


@pytest.mark.parametrize("card", [EMPTY, FULL], ids=["empty", "full"])
def test_a_card_has_the_published_form_and_is_read_back_as_it_was(card: Card) -> None:
    document = to_json(card)
    jsonschema_rs.validator_for(SCHEMA).validate(json.loads(document))
    assert from_json(document, Card) == card


@pytest.mark.parametrize(
    "change",
    [
        {"seconds": 9.0, "at": 7.0, "notes": (), "machine": machine("none"), "timeline": ()},
        {"bugs": (replace(BUG, why="Otherwise.", figures=()),)},
        {"beside": Beside(99, (replace(BROKEN, actual="502", requests=()),), seconds=3.0)},
        {"review": ReviewCard((replace(FINDING, seen="6 rows are gone."),))},
    ],
    ids=["time and machine", "figures", "texts of regressions", "texts of findings"],
)
def test_what_was_measured_does_not_change_the_judgement(change: dict[str, Any]) -> None:
    assert replace(FULL, **change).judgement == FULL.judgement


def test_which_requests_a_service_that_ended_left_without_an_answer_is_not_judged() -> None:
    def judgement(*regressions: Regression) -> str:
        return replace(FULL, beside=Beside(10, regressions)).judgement

    refused = replace(BROKEN, actual="the connection was refused")
    closed = replace(refused, route="GET /b", actual="the connection was closed")
    assert judgement(refused) == judgement(closed, refused) != judgement(BROKEN)
    assert judgement(replace(BROKEN, route="GET /b")) != judgement(BROKEN)


@pytest.mark.parametrize(
    "change",
    [
        {"bugs": (replace(BUG, verdict=Verdict.MASKED),)},
        {"bugs": (replace(BUG, given=True),)},
        {"beside": Beside(10)},
        {"review": ReviewCard()},
        {"review": ReviewCard((replace(FINDING, waived="a backup"),))},
        {"problem": "It is empty."},
    ],
)
def test_what_was_judged_changes_the_judgement(change: dict[str, Any]) -> None:
    assert replace(FULL, **change).judgement != FULL.judgement
