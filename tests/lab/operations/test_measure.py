"""A check finds the symptoms, keeps the evidence, and changes nothing."""

from collections.abc import Callable
from pathlib import Path

import pytest

from lab.engine.fingerprint import schema_fingerprint
from lab.errors import DatabaseUnreachable, InvalidFile, UsageError
from lab.json_files import from_json
from lab.library import Library
from lab.operations import fixes
from lab.operations.box import measure_in_box
from lab.operations.catalog import catalog_of
from lab.operations.measure import Checked, Target, check, measure_in_shadow, select_bugs
from lab.probing.evidence import Verdict
from lab.records import EVIDENCE, Record
from lab.runtime.binaries import find_binaries
from lab.runtime.prepared import Prepared
from lab.workspace import Workspace
from tests.conftest import Server
from tests.lab.operations.conftest import MEASURED, code_of
from tests.measuring import copy_library


def test_a_check_finds_the_symptoms_and_touches_nothing(measured: Workspace, server: Server) -> None:
    before = code_of(measured), schema_fingerprint(server.url(MEASURED))
    found = check(measured, ["1", "4"], bugs_only=True)
    assert [(one.bug, one.verdict) for one in found.evidence] == [(1, Verdict.PRESENT), (4, Verdict.PRESENT)]
    assert "KeyError: 'DEVICE_SERVICE_URL'" in found.evidence[0].why
    assert found.symptoms == found.evidence
    assert (code_of(measured), schema_fingerprint(server.url(MEASURED))) == before


@pytest.mark.slow
def test_a_check_is_kept_with_its_raw_data(measured: Workspace) -> None:
    found = check(measured, ["4"], bugs_only=True)
    (evidence,) = from_json((found.run / EVIDENCE).read_bytes(), Record).evidence
    assert evidence == found.evidence[0]
    assert evidence.raw is not None
    assert "FROM workflow_steps" in evidence.raw.read_text()


@pytest.mark.slow
def test_an_applied_fix_is_measured_with_its_schema(measured: Workspace) -> None:
    fixes.apply(measured, ["5"])
    (evidence,) = check(measured, ["5"], bugs_only=True).evidence
    assert evidence.verdict is Verdict.FIXED


def test_a_bug_without_a_probe_cannot_be_measured(measured: Workspace) -> None:
    (measured.library.probes / "workflow_queries.py").unlink()
    toml = measured.library.fixes / "04_workflow_queries" / "fix.toml"
    toml.write_text(toml.read_text().partition("[probe]")[0])
    with pytest.raises(UsageError, match=r"no probe for bug 4\. The bugs with a probe are: 1, 2, 3, 5, 6, 7"):
        check(measured, ["4"], bugs_only=True)


@pytest.mark.parametrize("measure", [measure_in_shadow, measure_in_box])
def test_a_probe_that_cannot_be_loaded_is_told_before_anything_is_made(
    tmp_path: Path, measure: Callable[..., Checked]
) -> None:
    library = Library(copy_library(tmp_path / "library"))
    (library.probes / "booking_race.py").write_text("import no_such_module\n")
    workspace = Workspace(library.root, library)
    nothing = Prepared(tmp_path / "nothing", find_binaries(), "", "", "", {})
    target = Target(workspace, "", nothing, catalog_of(workspace))
    with pytest.raises(InvalidFile, match="booking_race"):
        measure(target, target.source(), select_bugs(target.catalog, ["3"]))
    assert not workspace.runs.exists()


@pytest.mark.slow
def test_the_fixes_probes_and_profile_of_a_workspace_are_not_used(measured: Workspace) -> None:
    """They are a candidate's: only the library is trusted."""
    for path in ("probes/__init__.py", "probes/booking_race.py", "probes/devices.py", "lab.toml"):
        (measured.root / path).write_text("raise SystemExit('of the workspace')\n")
    (measured.root / "fixes" / "03_booking_race" / "fix.toml").write_text("")
    (evidence,) = check(Workspace(measured.root), ["3"], bugs_only=True).evidence
    assert evidence.verdict is Verdict.PRESENT


@pytest.mark.slow
def test_a_compose_file_that_cannot_be_used_is_bug_1(measured: Workspace) -> None:
    measured.compose_file.write_text("services: {device-service: {privileged: true}}\n")
    first, second = check(measured, ["1", "4"], bugs_only=True).evidence
    assert first.verdict is Verdict.PRESENT
    assert "the lab does not know this key" in first.why
    assert second.verdict is Verdict.PRESENT


@pytest.mark.slow
def test_a_symptom_after_a_failed_migration_says_so(measured: Workspace) -> None:
    (measured.root / "migrations" / "versions" / "0003_mine.py").write_text("revision = '0003'\nboom\n")
    found = check(measured, ["4"], bugs_only=True)
    assert found.evidence[0].why.endswith(" Before that, the migrations failed.")
    (told,) = found.migrations
    assert (told.id, told.file, told.line) == ("does-not-run", "migrations/versions/0003_mine.py", 2)
    assert "boom" in told.seen
    assert not [text for text in (found.evidence[0].why, *found.notes) if "boom" in text]
    assert from_json((found.run / EVIDENCE).read_bytes(), Record).migrations == found.migrations


@pytest.mark.slow
def test_a_migration_that_blocks_is_a_finding_of_the_migration_and_a_short_one_is_none(
    measured: Workspace,
) -> None:
    file = measured.root / "migrations" / "versions" / "0003_mine.py"
    text = (
        "from alembic import op\nrevision, down_revision = '0003', '0002'\ndef upgrade():\n"
        "    op.create_index('mine', '{}', ['device_id'])\n"
    )
    file.write_text(text.format("execution_logs"))
    found = check(measured, ["4"], bugs_only=True)
    assert found.notes == ()  # what asked the server was lab itself
    (told,) = found.migrations
    assert (told.id, told.line) == ("lock-held-while-working", 4)
    assert told.seen.startswith("300,000 rows were read under ShareLock on execution_logs")
    file.write_text(text.format("bookings"))
    assert check(measured, ["4"], bugs_only=True).migrations == ()


@pytest.mark.parametrize("token", ["999", "no_such_bug", "0"])
def test_an_unknown_bug_is_wrong_usage(token: str, measured: Workspace) -> None:
    with pytest.raises(UsageError):
        check(measured, [token], bugs_only=True)


def test_without_a_lab_there_is_nothing_to_measure(measured: Workspace, server: Server) -> None:
    measured.database_url_file.unlink()
    with pytest.raises(DatabaseUnreachable):
        check(measured, bugs_only=True)
