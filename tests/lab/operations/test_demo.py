"""A demonstration shows the figures before and after, and leaves no trace."""

import pytest

from lab.engine.fingerprint import schema_fingerprint
from lab.errors import Refused
from lab.operations.demo import Demonstration, show_cure, show_symptom
from lab.probing.evidence import Verdict
from lab.workspace import Workspace
from tests.conftest import Server
from tests.lab.operations.conftest import MEASURED, code_of


def demo(workspace: Workspace, token: str, *, keep: bool = False) -> Demonstration:
    return show_cure(workspace, show_symptom(workspace, token), keep=keep)


@pytest.mark.slow
def test_a_demo_shows_before_and_after_and_leaves_no_trace(measured: Workspace, server: Server) -> None:
    before = code_of(measured), schema_fingerprint(server.url(MEASURED))
    found = demo(measured, "4")
    assert (found.before.verdict, found.after.verdict) == (Verdict.PRESENT, Verdict.FIXED)
    ratios = {figure.name: figure.ratio for figure in found.figures}
    assert (ratios["statements for 110 workflows"] or 0) > 50
    assert (code_of(measured), schema_fingerprint(server.url(MEASURED))) == before


@pytest.mark.slow
def test_a_demo_keeps_the_fix_on_request_and_then_has_no_before(measured: Workspace) -> None:
    assert demo(measured, "booking_path", keep=True).kept
    with pytest.raises(Refused, match="is applied"):
        demo(measured, "2")


@pytest.mark.slow
def test_a_race_is_seen_before_the_fix_and_a_wait_after_it(measured: Workspace) -> None:
    before, after = demo(measured, "3").interleavings
    assert before is not None
    assert after is not None
    assert set(before.requests) == {"POST /devices/{id}/book"}
    statuses = [sorted(event.status for event in one.events if event.status) for one in (before, after)]
    assert statuses == [[200, 200], [200, 409]]
