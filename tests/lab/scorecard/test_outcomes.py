"""Outcomes: the one list that all formats are made from. Their texts are short and printable."""

from dataclasses import fields, replace

import pytest
from hypothesis import given, settings

from lab.probing.contract.results import Beside, Regression
from lab.probing.evidence import Figure
from lab.review.finding import Basis, Finding
from lab.scorecard.card import Card, ReviewCard
from lab.scorecard.figure_text import figure_text
from lab.scorecard.outcomes import (
    LONGEST,
    MOST,
    Kind,
    Outcome,
    State,
    in_one_line,
    moment,
    outcomes,
    shown,
)
from tests.lab.scorecard.cards import EMPTY, EVERY, FAILED, cards

BROKEN = Regression("GET /a", "GET /a", "", "200", "500", ("GET /a",))
FINDING = Finding("data-lost", "f.py", 4, Basis.MEASURED, "Gone.")


def of(kind: Kind, card: Card) -> list[Outcome]:
    return [one for one in outcomes(card) if one.kind is kind]


def test_each_verdict_has_a_state() -> None:
    states = [one.state for one in of(Kind.BUG, EVERY)]
    assert states == [
        State.GOOD,
        State.MASKED,
        State.BAD,
        State.SKIPPED,
        State.UNKNOWN,
        State.GIVEN,
    ]


def test_a_card_that_could_not_be_graded_has_one_outcome_and_blames_the_machine_only_for_its_faults() -> None:
    assert [one.state for one in outcomes(EMPTY)] == [State.UNUSABLE]
    assert [one.state for one in outcomes(FAILED)] == [State.UNKNOWN]


def test_what_is_not_known_is_neither_good_nor_bad() -> None:
    unknown = replace(EVERY, beside=Beside(problem="no server"), review=ReviewCard(problem="no server"))
    assert [one.state for one in outcomes(unknown)[-2:]] == [State.UNKNOWN] * 2
    partly = replace(EVERY, beside=Beside(9, (BROKEN,), problem="no server"))
    assert [one.state for one in of(Kind.BESIDE, partly)] == [State.BAD, State.UNKNOWN]
    assert of(Kind.BESIDE, replace(EVERY, beside=None)) == []


def test_a_card_without_a_migration_has_none_that_is_good() -> None:
    (one,) = of(Kind.MIGRATION, replace(EVERY, review=ReviewCard()))
    assert (one.state, one.word) == (State.SKIPPED, "none")


def test_a_waived_finding_is_no_problem() -> None:
    waived = ReviewCard(
        (replace(FINDING, waived="a backup"),), EVERY.review.migrations if EVERY.review else ()
    )
    assert [one.state for one in of(Kind.MIGRATION, replace(EVERY, review=waived))] == [State.GOOD]


def test_what_is_beyond_the_limit_is_counted() -> None:
    many = replace(
        EVERY, beside=Beside(9, (BROKEN,) * (MOST + 5)), review=ReviewCard((FINDING,) * (MOST + 7))
    )
    beside, migrations = of(Kind.BESIDE, many), of(Kind.MIGRATION, many)
    assert (len(beside), beside[-1].why) == (MOST + 1, "5 more regressions are in card.json.")
    assert (len(migrations), migrations[-1].why) == (MOST + 1, "7 more problems are in card.json.")


@pytest.mark.parametrize(
    ("figure", "text"),
    [
        (Figure("n", 3), "n: 3"),
        (Figure("slowest", 1234.56, "ms", 5.0), "slowest: 1.2 s (at most 5 ms)"),
        (Figure("n", float("inf"), "s"), "n: inf s"),
        (Figure("n", 1e300), "n: 1e+300"),
    ],
)
def test_a_figure_has_its_unit_and_its_limit(figure: Figure, text: str) -> None:
    assert figure_text(figure) == text


def test_a_text_is_cut_and_printable() -> None:
    assert shown("a\nb\x1b\ud800\ufffe\x00") == "a\nb\\x1b\\ud800\\ufffe\\x00"
    assert in_one_line("a\nb") == "a b"
    assert len(shown("a" * (LONGEST + 1))) == LONGEST


def test_a_moment_that_is_none_is_empty() -> None:
    assert moment(1.0) == "1970-01-01T00:00:01"
    assert [moment(at) for at in (1e300, -1e300, float("nan"), float("inf"))] == [""] * 4


@settings(max_examples=15, deadline=None)
@given(cards)
def test_every_text_of_any_card_is_printable(card: Card) -> None:
    for one in outcomes(card):
        values = [getattr(one, field.name) for field in fields(one)]
        for text in (*(value for value in values if isinstance(value, str)), *one.details):
            assert text.replace("\n", "").isprintable()
        assert one.name
        assert "\n" not in one.name + one.word + one.file
