"""A verdict knows whether it fails `lab check`, a figure whether it is within its limit."""

import pytest

from lab.probing.evidence import Evidence, Figure, Verdict


@pytest.mark.parametrize(
    ("verdict", "fails"),
    [
        (Verdict.FIXED, False),
        (Verdict.UNMEASURED, False),
        (Verdict.MASKED, True),
        (Verdict.PRESENT, True),
        (Verdict.BLOCKED, True),
    ],
)
def test_a_check_fails_unless_all_is_fixed_or_unmeasured(verdict: Verdict, fails: bool) -> None:
    assert verdict.fails_check is fails


@pytest.mark.parametrize(
    ("value", "limit", "within"), [(3, None, True), (1, 1, True), (2, 1, False), (1, 0, False)]
)
def test_a_figure_is_compared_with_its_limit(value: float, limit: float | None, within: bool) -> None:
    assert Figure("x", value, "", limit).within is within


def test_a_figure_is_found_by_its_name() -> None:
    evidence = Evidence(Verdict.FIXED, "why", (Figure("x", 1),))
    assert evidence.figure("x") == Figure("x", 1)
    assert evidence.figure("y") is None


def test_a_duration_is_in_milliseconds() -> None:
    assert Figure.duration("x", 1.23456) == Figure("x", 1234.6, "ms")
