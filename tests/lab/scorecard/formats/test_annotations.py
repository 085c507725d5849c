"""Annotations: one command a line, the worst first, and none that a submission wrote."""

import re
from dataclasses import replace

from hypothesis import given, settings

from lab.probing.evidence import Verdict
from lab.review.finding import Basis, Finding
from lab.scorecard.card import Card, ReviewCard
from lab.scorecard.formats.annotations import MOST, annotations
from tests.lab.scorecard.cards import EMPTY, EVERY, FAILED, bug, card, cards

COMMAND = re.compile(r"::(error|warning|notice) [^:]*::.*")


def kinds(text: str) -> list[str]:
    return [line.partition(" ")[0].strip(":") for line in text.splitlines()]


def test_each_verdict_has_its_command_and_the_worst_come_first() -> None:
    assert kinds(annotations(EVERY)) == ["error", "warning", "notice", "notice"]
    assert annotations(replace(card(bug(1, Verdict.FIXED)), review=ReviewCard())) == ""
    assert "::error title=ada%3A 3. Title 3::present: Seen 3." in annotations(EVERY)


def test_ten_of_a_kind_are_kept() -> None:
    many = card(*(bug(number, Verdict.PRESENT) for number in range(1, 30)), bug(30, Verdict.MASKED))
    assert kinds(annotations(many)) == ["error"] * MOST + ["warning"]


def test_a_problem_of_a_migration_is_at_its_line() -> None:
    review = ReviewCard((Finding("data-lost", "a,b.py", 4, Basis.MEASURED, "Gone."),))
    assert ",file=a%2Cb.py,line=4::problem: Gone." in annotations(replace(EVERY, review=review))


def test_a_card_that_could_not_be_graded_is_one_command() -> None:
    assert kinds(annotations(EMPTY)) == ["error"]
    assert kinds(annotations(FAILED)) == ["warning"]


@settings(max_examples=15, deadline=None)
@given(cards)
def test_any_card_has_only_whole_commands(graded: Card) -> None:
    lines = annotations(graded).splitlines()
    assert [line for line in lines if not COMMAND.fullmatch(line)] == []
