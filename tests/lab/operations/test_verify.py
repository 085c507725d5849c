"""A proof finds fixes that fix nothing, and leaves the workspace as it is."""

from pathlib import Path

import pytest

from lab.database import workspace_url
from lab.engine.fingerprint import schema_fingerprint
from lab.errors import InvalidFile
from lab.library import Library
from lab.operations.verify import verify
from lab.workspace import Workspace
from tests.conftest import PROJECT
from tests.lab.operations.conftest import code_of
from tests.measuring import copy_library
from tests.patches import make_patch


@pytest.mark.slow
def test_verify_proves_a_fix_in_a_scratch_copy(measurable: Workspace) -> None:
    before = code_of(measurable), schema_fingerprint(workspace_url(measurable))
    found = verify(measurable, ["4"], bugs=["2", "4"])
    assert found.problems == ()
    assert [row.state for row in found.rows] == ["as shipped", "fix 4 applied", "fix 4 reverted"]
    verdicts = [[one.verdict for one in row.evidence] for row in found.rows]
    assert verdicts == [["present", "present"], ["present", "fixed"], ["present"]]
    assert (code_of(measurable), schema_fingerprint(workspace_url(measurable))) == before


@pytest.mark.slow
def test_verify_reports_the_folders_that_are_no_usable_fix(measurable: Workspace) -> None:
    broken = sorted({*measurable.library.fixes.glob("0?_*")} - {measurable.library.fixes / "02_booking_path"})
    for folder in broken:
        with (folder / "fix.toml").open("a") as file:
            file.write("odd = 1\n")
    with pytest.raises(InvalidFile, match="odd"):
        verify(measurable, ["5"], bugs=["2"])
    found = verify(measurable, ["all"], bugs=["2"])
    assert [row.state for row in found.rows if row.problems] == [folder.name for folder in broken]


CALLS_ANY_FAILURE_PRESENT = """
from lab.probing.bench import Bench, require_running
from lab.probing.client import request
from lab.probing.evidence import Evidence, Verdict


def probe(bench: Bench) -> Evidence:
    service = bench.service("device-service")
    require_running(service)
    reply = request(service.url, "/devices/device-01/book", method="POST", body={})
    return Evidence(Verdict.FIXED if reply.ok else Verdict.PRESENT, "A device was booked twice.")
"""


@pytest.mark.slow
def test_a_probe_that_calls_any_failure_present_is_a_problem(measurable: Workspace) -> None:
    (measurable.library.probes / "booking_race.py").write_text(CALLS_ANY_FAILURE_PRESENT)
    shipped = verify(measurable, ["3"], bugs=["3"]).rows[0]
    assert [one.verdict for one in shipped.evidence] == ["present"]
    (problem,) = shipped.problems
    assert problem == (
        "bug 3 is present for the same reason if every request is refused, so any failure looks like it:"
        " A device was booked twice."
    )


def test_a_probe_that_cannot_be_loaded_is_reported_with_its_file_also_where_no_lab_is_up(
    tmp_path: Path,
) -> None:
    library = Library(copy_library(tmp_path / "library"))
    (library.probes / "booking_race.py").write_text("import no_such_module\n")
    with pytest.raises(InvalidFile, match=r"booking_race[^:]* cannot be used:\n +cannot be imported"):
        verify(Workspace(library.root, library), ["3"], bugs=["3"])


@pytest.mark.slow
def test_verify_fails_a_fix_that_fixes_nothing(measurable: Workspace) -> None:
    path = "app/workflow_service/device_client.py"
    before = (PROJECT / path).read_bytes()
    after = before.replace(b"/reserve", b"/resrve")
    assert after != before
    patch = measurable.root / "fixes" / "02_booking_path" / "code.patch"
    patch.write_bytes(make_patch({path: (before, after)}))
    found = verify(measurable, ["2"], bugs=["2"])
    assert any("bug 2 is present, not fixed" in problem for problem in found.problems)
