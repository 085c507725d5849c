"""No submission gains what it must not, and without walls they do: so these tests can fail.

A submission is a folder in `corner/` (see `submissions.py`). `stage.py` says what counts as a gain.
"""

from typing import Any

import pytest

from tests.hostile.levels import LEVELS, UNWALLED, Level
from tests.hostile.stage import Stage
from tests.hostile.submissions import Submission, submissions

SUBMISSIONS = submissions()
UNRUN = "nothing: it was never run"


def _cases() -> list[Any]:
    return [
        pytest.param(one, level, id=f"{level.name}-{one.name}")
        for level in LEVELS
        for one in SUBMISSIONS
        if level.name in one.levels
    ]


@pytest.mark.slow
@pytest.mark.parametrize(("one", "level"), _cases())
def test_a_submission_gains_nothing(one: Submission, level: Level, stage: Stage) -> None:
    assert stage.gains(one, level) == []


@pytest.mark.prove
@pytest.mark.claim("Without a wall, a hostile submission gains something", "submissions")
@pytest.mark.parametrize(
    "one", [one for one in SUBMISSIONS if one.gains_without_walls], ids=lambda one: one.name
)
def test_a_submission_gains_something_without_walls(one: Submission, stage: Stage) -> None:
    gained = stage.gains(one, UNWALLED)
    assert gained
    assert UNRUN not in gained


def test_there_are_enough_submissions_and_each_is_described() -> None:
    assert len(SUBMISSIONS) >= 25
    for one in SUBMISSIONS:
        assert all((one.does, one.where, one.must_not_gain, one.seen_by, one.levels, one.bugs)), one.name
        assert set(one.levels) <= {level.name for level in LEVELS}, one.name
        assert one.verdicts in {"same", "not fixed", "not fixed or noted", "any"}, one.name
