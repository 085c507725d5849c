"""A verdict says what it counts for, a figure whether it is within its limit."""

import pytest

from lab.probes.evidence import Evidence, Figure, Verdict


@pytest.mark.parametrize(
    ("verdict", "shows"),
    [
        (Verdict.FIXED, False),
        (Verdict.UNMEASURED, False),
        (Verdict.MASKED, True),
        (Verdict.PRESENT, True),
        (Verdict.BLOCKED, True),
    ],
)
def test_only_what_was_seen_counts_against_anybody(verdict: Verdict, shows: bool) -> None:
    assert verdict.shows_symptom is shows


@pytest.mark.parametrize(
    ("value", "limit", "within"), [(3, None, True), (1, 1, True), (2, 1, False), (1, 0, False)]
)
def test_a_figure_is_held_against_its_limit(value: float, limit: float | None, within: bool) -> None:
    assert Figure("x", value, "", limit).within is within


def test_evidence_is_stamped_without_being_changed() -> None:
    evidence = Evidence(3, Verdict.FIXED, "why", (Figure("x", 1),))
    assert evidence.stamped(raw=None, seconds=1.23456).seconds == 1.235
    assert evidence.seconds == 0
    assert evidence.figure("x") == Figure("x", 1)
    assert evidence.figure("y") is None
