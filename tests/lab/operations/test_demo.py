"""A demonstration shows the figures before and after, and leaves no trace."""

import pytest

from lab.database import workspace_url
from lab.engine.fingerprint import schema_fingerprint
from lab.errors import Refused
from lab.operations.demo import Demonstration, show_cure, show_symptom
from lab.probing.evidence import Verdict
from lab.workspace import Workspace
from tests.lab.operations.conftest import code_of


def demo(workspace: Workspace, token: str, *, keep: bool = False) -> Demonstration:
    return show_cure(workspace, show_symptom(workspace, token), keep=keep)


@pytest.mark.slow
def test_a_demo_shows_before_and_after_and_leaves_no_trace(measurable: Workspace) -> None:
    before = code_of(measurable), schema_fingerprint(workspace_url(measurable))
    found = demo(measurable, "4")
    assert (found.before.verdict, found.after.verdict) == (Verdict.PRESENT, Verdict.FIXED)
    ratios = {figure.name: figure.ratio for figure in found.figures}
    assert (ratios["statements for 110 workflows"] or 0) > 50
    assert (code_of(measurable), schema_fingerprint(workspace_url(measurable))) == before


@pytest.mark.slow
def test_a_demo_keeps_the_fix_on_request_and_then_has_no_before(measurable: Workspace) -> None:
    assert demo(measurable, "booking_path", keep=True).kept
    with pytest.raises(Refused, match="is applied"):
        demo(measurable, "2")


@pytest.mark.slow
def test_a_race_is_seen_before_the_fix_and_a_wait_after_it(measurable: Workspace) -> None:
    before, after = demo(measurable, "3").interleavings
    assert before is not None
    assert after is not None
    assert set(before.requests) == {"POST /devices/{id}/book"}
    statuses = [sorted(event.status for event in one.events if event.status) for one in (before, after)]
    assert statuses == [[200, 200], [200, 409]]
