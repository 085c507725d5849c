"""A check finds the symptoms and keeps the evidence."""

from collections.abc import Callable
from pathlib import Path

import pytest

from lab.errors import EnvironmentFault, InvalidFile, UsageError
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
from lab.sandbox import Level
from lab.sandbox.trial import VARIABLE
from lab.workspace import Workspace
from tests.measuring import copy_library


def target_in(root: Path) -> Target:
    """What could be measured there, if its prepared server were made."""
    library = Library(copy_library(root))
    workspace = Workspace(root, library)
    nothing = Prepared(root / "nothing", find_binaries(), "", "", "", {})
    return Target(workspace, "", nothing, catalog_of(workspace))


def test_a_bug_without_a_probe_cannot_be_measured(tmp_path: Path) -> None:
    library = Library(copy_library(tmp_path))
    (library.probes / "workflow_queries.py").unlink()
    toml = library.fixes / "04_workflow_queries" / "fix.toml"
    toml.write_text(toml.read_text().partition("[probe]")[0])
    catalog = catalog_of(Workspace(tmp_path, library))
    with pytest.raises(UsageError, match=r"no probe for bug 4\. The bugs with a probe are: 1, 2, 3, 5, 6, 7"):
        select_bugs(catalog, ["4"])


@pytest.mark.parametrize("measure", [measure_in_shadow, measure_in_box])
def test_a_probe_that_cannot_be_loaded_is_told_before_anything_is_made(
    tmp_path: Path, measure: Callable[..., Checked]
) -> None:
    target = target_in(tmp_path)
    (target.workspace.library.probes / "booking_race.py").write_text("import no_such_module\n")
    with pytest.raises(InvalidFile, match="booking_race"):
        measure(target, target.source(), select_bugs(target.catalog, ["3"]))
    assert not target.workspace.runs.exists()


def test_without_namespaces_a_box_is_refused_and_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, Level.NONE)
    target = target_in(tmp_path)
    with pytest.raises(EnvironmentFault, match=r"cannot make a box: its level of walls is none\..*lab check"):
        measure_in_box(target, target.source(), select_bugs(target.catalog, ["1"]))
    assert not target.workspace.runs.exists()


@pytest.mark.slow
def test_a_check_is_kept_with_its_raw_data(measurable: Workspace) -> None:
    found = check(measurable, ["4"], bugs_only=True)
    (evidence,) = from_json((found.run / EVIDENCE).read_bytes(), Record).evidence
    assert evidence == found.evidence[0]
    assert evidence.raw is not None
    assert "FROM workflow_steps" in evidence.raw.read_text()


@pytest.mark.slow
def test_an_applied_fix_is_measured_with_its_schema(measurable: Workspace) -> None:
    fixes.apply(measurable, ["5"])
    (evidence,) = check(measurable, ["5"], bugs_only=True).evidence
    assert evidence.verdict is Verdict.FIXED


@pytest.mark.slow
def test_the_fixes_probes_and_profile_of_a_workspace_are_not_used(measurable: Workspace) -> None:
    """They are a candidate's: only the library is trusted."""
    for path in ("probes/__init__.py", "probes/booking_race.py", "probes/devices.py", "lab.toml"):
        (measurable.root / path).write_text("raise SystemExit('of the workspace')\n")
    (measurable.root / "fixes" / "03_booking_race" / "fix.toml").write_text("")
    (evidence,) = check(Workspace(measurable.root), ["3"], bugs_only=True).evidence
    assert evidence.verdict is Verdict.PRESENT


@pytest.mark.slow
def test_a_compose_file_that_cannot_be_used_is_bug_1(measurable: Workspace) -> None:
    measurable.compose_file.write_text("services: {device-service: {privileged: true}}\n")
    first, second = check(measurable, ["1", "4"], bugs_only=True).evidence
    assert first.verdict is Verdict.PRESENT
    assert "the lab does not know this key" in first.why
    assert second.verdict is Verdict.PRESENT


@pytest.mark.slow
def test_a_symptom_after_a_failed_migration_says_so(measurable: Workspace) -> None:
    (measurable.root / "migrations" / "versions" / "0003_mine.py").write_text("revision = '0003'\nboom\n")
    found = check(measurable, ["4"], bugs_only=True)
    assert found.evidence[0].why.endswith(" Before that, the migrations failed.")
    (told,) = found.migrations
    assert (told.id, told.file, told.line) == ("does-not-run", "migrations/versions/0003_mine.py", 2)
    assert "boom" in told.seen
    assert not [text for text in (found.evidence[0].why, *found.notes) if "boom" in text]
    assert from_json((found.run / EVIDENCE).read_bytes(), Record).migrations == found.migrations


@pytest.mark.slow
def test_a_migration_that_blocks_is_a_finding_of_the_migration_and_a_short_one_is_none(
    measurable: Workspace,
) -> None:
    file = measurable.root / "migrations" / "versions" / "0003_mine.py"
    text = (
        "from alembic import op\nrevision, down_revision = '0003', '0002'\ndef upgrade():\n"
        "    op.create_index('mine', '{}', ['device_id'])\n"
    )
    file.write_text(text.format("execution_logs"))
    found = check(measurable, ["4"], bugs_only=True)
    assert found.notes == ()  # what asked the server was lab itself
    (told,) = found.migrations
    assert (told.id, told.line) == ("lock-held-while-working", 4)
    assert told.seen.startswith("300,000 rows were read under ShareLock on execution_logs")
    file.write_text(text.format("bookings"))
    assert check(measurable, ["4"], bugs_only=True).migrations == ()
