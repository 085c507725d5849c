"""A candidate sees of a measurement only symptoms, and in plain words whether they show."""

from pathlib import Path

import pytest

from lab.json_files import to_json
from lab.operations.measure import Bug, Checked, Evidence, Figure, Verdict
from lab.operations.neutral import for_candidate


@pytest.mark.parametrize("verdict", Verdict)
def test_neither_title_nor_reason_nor_figure_nor_verdict_is_shown(verdict: Verdict) -> None:
    evidence = Evidence(verdict, "No lock is taken.", (Figure("locks", 0),), bug=3, blocked_by=1)
    bug = Bug(3, "Lock missing", "Two bookings succeed.")
    found = for_candidate(Checked((bug,), (evidence,), ("a note",), Path("runs/1"), 1.0))

    assert (found.bugs[0].number, found.bugs[0].symptom) == (3, "Two bookings succeed.")
    shown = to_json(found).lower()
    for told in ("lock", "note", "runs", *map(str, Verdict)):
        assert told not in shown
