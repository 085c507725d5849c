"""Check, demo and verify on a workspace whose lab is up: what they find, and what they leave as it was."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import records, shipped
from lab.engine.fingerprint import schema_fingerprint
from lab.errors import DatabaseUnreachable, InvalidFile, Refused, UsageError
from lab.operations import fixes, verify
from lab.operations.demo import demo
from lab.operations.measure import check
from lab.operations.ownership import template_of
from lab.operations.watch import Watch
from lab.probes.evidence import Verdict
from lab.probes.suite import PROBES
from lab.runtime import databases
from lab.workspace import PROJECT, Workspace
from tests.conftest import Server
from tests.measuring import copy_shipped
from tests.patches import make_patch

NAME = "measured"


@pytest.fixture
def workspace(server: Server, full_template: str, tmp_path: Path) -> Iterator[Workspace]:
    """A workspace of shipped code with its database and template, as `lab up` leaves it."""
    server.create(template_of(NAME), full_template)
    databases.make_template(server.account, template_of(NAME))
    server.create(NAME, template_of(NAME))
    here = Workspace(copy_shipped(tmp_path / "workspace"))
    shutil.copytree(PROJECT / "fixes", here.root / "fixes", ignore=shutil.ignore_patterns("__pycache__"))
    here.state.mkdir()
    here.database_url_file.write_text(server.url(NAME))
    shipped.keep(here)
    yield here
    server.drop(NAME)
    server.drop(template_of(NAME))


def code(workspace: Workspace) -> dict[str, bytes]:
    return {
        str(path.relative_to(workspace.root)): path.read_bytes()
        for path in sorted(workspace.root.rglob("*"))
        if path.is_file() and ".lab" not in path.parts and "__pycache__" not in path.parts
    }


def test_a_check_finds_the_symptoms_and_touches_nothing(workspace: Workspace, server: Server) -> None:
    before = code(workspace), schema_fingerprint(server.url(NAME))
    found = check(workspace, ["1", "4"])
    assert [(one.bug, one.verdict) for one in found.evidence] == [(1, Verdict.PRESENT), (4, Verdict.PRESENT)]
    assert "KeyError: 'DEVICE_SERVICE_URL'" in found.evidence[0].why
    assert found.symptoms == found.evidence
    assert (code(workspace), schema_fingerprint(server.url(NAME))) == before


def test_a_check_is_kept_with_its_raw_data(workspace: Workspace) -> None:
    found = check(workspace, ["4"])
    (evidence,) = records.read(records.Run(found.run)).evidence
    assert evidence == found.evidence[0]
    assert evidence.raw is not None
    assert "FROM workflow_steps" in evidence.raw.read_text()


def test_an_applied_fix_is_measured_with_its_schema(workspace: Workspace) -> None:
    fixes.apply(workspace, ["5"])
    (evidence,) = check(workspace, ["5"]).evidence
    assert evidence.verdict is Verdict.FIXED


def test_a_compose_file_that_cannot_be_used_is_bug_1(workspace: Workspace) -> None:
    workspace.compose_file.write_text("services: {device-service: {privileged: true}}\n")
    first, second = check(workspace, ["1", "4"]).evidence
    assert first.verdict is Verdict.PRESENT
    assert "the lab does not know this key" in first.why
    assert second.verdict is Verdict.PRESENT


def test_a_symptom_after_a_failed_migration_says_so(workspace: Workspace) -> None:
    (workspace.root / "migrations" / "versions" / "0003_mine.py").write_text("revision = '0003'\nboom\n")
    (evidence,) = check(workspace, ["4"]).evidence
    assert "the migrations failed" in evidence.why
    assert "boom" in evidence.why


def test_a_file_saved_during_a_measurement_is_not_missed(workspace: Workspace) -> None:
    watch = Watch(workspace, ["1", "3", "4"])
    models = workspace.root / "app" / "workflow_service" / "models.py"
    models.write_text(models.read_text() + "\n")
    assert watch.wait() == ("1", "4")
    (workspace.root / "migrations" / "versions" / "0003_mine.py").write_text("")
    assert watch.wait() == ("1", "3", "4")


@pytest.mark.parametrize("token", ["8", "no_such_bug", "0"])
def test_an_unknown_bug_is_wrong_usage(token: str, workspace: Workspace) -> None:
    with pytest.raises(UsageError):
        check(workspace, [token])


def test_without_a_lab_there_is_nothing_to_measure(workspace: Workspace, server: Server) -> None:
    workspace.database_url_file.unlink()
    with pytest.raises(DatabaseUnreachable):
        check(workspace)


def test_a_demo_shows_before_and_after_and_leaves_no_trace(workspace: Workspace, server: Server) -> None:
    before = code(workspace), schema_fingerprint(server.url(NAME))
    found = demo(workspace, "4")
    assert (found.before.verdict, found.after.verdict) == (Verdict.PRESENT, Verdict.FIXED)
    ratios = {figure.name: figure.ratio for figure in found.figures}
    assert (ratios["statements for 110 workflows"] or 0) > 50
    assert (code(workspace), schema_fingerprint(server.url(NAME))) == before


def test_a_demo_keeps_the_fix_on_request_and_then_has_no_before(workspace: Workspace) -> None:
    assert demo(workspace, "booking_path", keep=True).kept
    with pytest.raises(Refused, match="is applied"):
        demo(workspace, "2")


def test_verify_proves_a_fix_in_a_scratch_copy(
    workspace: Workspace, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "PROBES", {bug: PROBES[bug] for bug in (2, 4)})
    before = code(workspace), schema_fingerprint(server.url(NAME))
    found = verify.verify(workspace, ["4"])
    assert found.problems == ()
    assert [row.state for row in found.rows] == ["as shipped", "fix 4 applied", "fix 4 reverted"]
    verdicts = [[one.verdict for one in row.evidence] for row in found.rows]
    assert verdicts == [["present", "present"], ["present", "fixed"], ["present"]]
    assert (code(workspace), schema_fingerprint(server.url(NAME))) == before


def test_verify_does_not_pass_over_folders_that_are_broken(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "PROBES", {2: PROBES[2]})
    broken = sorted({*workspace.fixes.glob("0?_*")} - {workspace.fixes / "02_booking_path"})
    for folder in broken:
        with (folder / "fix.toml").open("a") as file:
            file.write("odd = 1\n")
    with pytest.raises(InvalidFile, match="odd"):
        verify.verify(workspace, ["5"])
    found = verify.verify(workspace, ["all"])
    assert [row.state for row in found.rows if row.problems] == [folder.name for folder in broken]


def test_verify_fails_a_fix_that_mends_nothing(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "PROBES", {2: PROBES[2]})
    path = "app/workflow_service/device_client.py"
    before = (PROJECT / path).read_bytes()
    after = before.replace(b"/reserve", b"/resrve")
    assert after != before
    patch = workspace.root / "fixes" / "02_booking_path" / "code.patch"
    patch.write_bytes(make_patch({path: (before, after)}))
    found = verify.verify(workspace, ["2"])
    assert any("bug 2 is present, not fixed" in problem for problem in found.problems)
