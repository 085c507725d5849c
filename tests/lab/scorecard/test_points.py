"""Points: a teacher's weights, where what says nothing of the work changes nothing."""

from dataclasses import replace

import pytest
from hypothesis import given, settings

from lab.probing.contract.results import Beside, Regression
from lab.probing.evidence import Verdict
from lab.scorecard.card import Card, ReviewCard
from lab.scorecard.course import Course, Part
from lab.scorecard.points import NEUTRAL, NOT_ASKED, scored
from tests.lab.scorecard.cards import EMPTY, EVERY, FAILED, bug, card, cards, courses

BROKEN = Beside(9, (Regression("GET /a", "GET /a", "", "200", "500"),))
COURSE = Course({1: 10.0, 2: 30.0}, masked=0.5)
BOTH = card(bug(1, Verdict.FIXED), bug(2, Verdict.MASKED))


def test_a_masked_bug_has_its_share() -> None:
    found = scored(BOTH, COURSE)
    assert [(one.points, one.most) for one in found.items] == [(10, 10), (15, 30)]
    assert (found.score, found.full, found.share) == (25, 40, 0.625)


@pytest.mark.parametrize(
    "neutral",
    [bug(2, Verdict.BLOCKED), bug(2, Verdict.UNMEASURED), bug(2, Verdict.PRESENT, given=True)],
    ids=["blocked", "unmeasured", "given"],
)
def test_what_does_not_count_leaves_the_score_as_if_it_were_not_there(neutral: object) -> None:
    found = scored(card(bug(1, Verdict.FIXED), neutral), COURSE)  # type: ignore[arg-type]
    assert (found.score, found.full) == (40, 40)
    assert found.items[1].text.endswith(NEUTRAL)


def test_a_bug_that_the_course_does_not_list_has_no_points() -> None:
    found = scored(card(bug(1, Verdict.PRESENT), bug(9, Verdict.FIXED)), COURSE)
    assert (found.items[1].points, found.items[1].most) == (0, 0)
    assert found.items[1].text.endswith(NOT_ASKED)
    assert found.score == 0


def test_bugs_that_are_not_on_the_card_do_not_count() -> None:
    assert scored(card(bug(1, Verdict.FIXED)), COURSE).full == 10


def test_points_are_earned_if_nothing_else_is_broken() -> None:
    course = replace(COURSE, regressions=Part(earned=10.0))
    assert scored(BOTH, course).score == 35
    assert scored(replace(BOTH, beside=BROKEN), course).score == 25
    assert scored(replace(BOTH, beside=Beside(problem="no server")), course).share == 0.625


def test_without_a_symptom_that_counts_there_is_no_score_for_the_rest() -> None:
    course = replace(COURSE, regressions=Part(earned=10.0))
    found = scored(card(bug(1, Verdict.UNMEASURED), bug(2, Verdict.UNMEASURED)), course)
    assert found.share is None


def test_a_symptom_that_does_not_count_leaves_its_weight_to_symptoms_only() -> None:
    course = replace(COURSE, regressions=Part(earned=10.0))
    found = scored(card(bug(1, Verdict.PRESENT), bug(2, Verdict.BLOCKED)), course)
    assert (found.score, found.full) == (10, 50)


def test_points_are_lost_once_if_anything_else_is_broken_and_never_below_0() -> None:
    course = replace(COURSE, regressions=Part(lost=5.0))
    twice = replace(BROKEN, regressions=BROKEN.regressions * 2)
    assert scored(BOTH, course).score == 25
    assert scored(replace(BOTH, beside=twice), course).score == 20
    assert scored(replace(BOTH, beside=BROKEN), replace(course, regressions=Part(lost=99.0))).score == 0


def test_no_migration_earns_and_loses_nothing() -> None:
    without = replace(BOTH, review=ReviewCard())
    for part in (Part(earned=10.0), Part(lost=10.0)):
        assert scored(without, replace(COURSE, migrations=part)).share == 0.625


def test_a_machine_that_failed_never_counts_against_the_work() -> None:
    found = scored(FAILED, COURSE)
    assert (found.share, found.unusable) == (None, False)
    assert "/srv" not in found.message
    assert scored(EMPTY, COURSE).unusable


def test_without_names_neither_title_nor_figures_are_told() -> None:
    course = replace(COURSE, points=dict.fromkeys(range(1, 7), 10.0))
    text = str(scored(EVERY, course))
    assert "Title" not in text
    assert "Seen" not in text
    assert "slowest" not in text
    assert "Title 1" in str(scored(EVERY, replace(course, names=True)))


@settings(max_examples=15, deadline=None)
@given(cards, courses)
def test_a_score_is_never_below_0_or_above_all_points(graded: Card, course: Course) -> None:
    found = scored(graded, course)
    assert 0 <= found.score <= found.full + 1e-3
    assert all(one.points <= one.most for one in found.items)
