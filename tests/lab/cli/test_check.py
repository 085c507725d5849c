"""`lab check`: its exit codes, its report as JSON, and what a person reads."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.database import workspace_url
from lab.engine.fingerprint import schema_fingerprint
from lab.workspace import Workspace
from tests.lab.conftest import MeasuredLab
from tests.lab.operations.conftest import code_of


@pytest.fixture
def fix_4(measured: MeasuredLab) -> Iterator[None]:
    measured.done("fix", "apply", "4")
    yield
    measured.done("fix", "revert", "4")


@pytest.fixture
def unmeasured_4(measured: MeasuredLab) -> Iterator[None]:
    """Bug 4 cannot be measured: something that its probe needs takes too long."""
    file = measured.workspace.library.probes / "workflow_queries.py"
    text = file.read_text()
    file.write_text(f"{text}\n\ndef probe(bench):\n    raise TimeoutError('too late')\n")
    yield
    file.write_text(text)


def test_a_symptom_is_exit_code_1_and_shown_with_its_figures_and_nothing_is_changed(
    measurable: Workspace,
) -> None:
    before = code_of(measurable), schema_fingerprint(workspace_url(measurable))
    finished = MeasuredLab(measurable).lab("check", "1", "4", "--bugs-only")

    assert finished.code == 1
    lines = finished.stdout.decode().splitlines()
    assert lines[0].split() == ["N", "BUG", "VERDICT", "WHAT", "WAS", "SEEN"]
    first = next(line for line in lines if line.startswith("1  Missing environment variable"))
    assert " present " in first
    assert first.endswith("KeyError: 'DEVICE_SERVICE_URL'.")
    assert any(line.startswith("4  ") and " present " in line for line in lines)
    figure = next(line for line in lines if "statements for 110 workflows: " in line)
    assert "████████████ 2.1×  at most " in figure
    assert lines[-1].startswith("0 of 2 fixed, in ")
    assert Path(lines[-1].partition("Raw data: ")[2]).is_dir()
    assert "Measuring bug 4 …" in finished.stderr.decode()
    assert (code_of(measurable), schema_fingerprint(workspace_url(measurable))) == before


@pytest.mark.slow
def test_json_holds_verdicts_figures_and_where_the_raw_data_is(measured: MeasuredLab) -> None:
    finished = measured.lab("check", "4", "--json", "--bugs-only")

    assert finished.code == 1
    report = json.loads(finished.stdout)
    members = {"bugs", "evidence", "notes", "run", "seconds", "previous", "level", "better", "beside"}
    members |= {"migrations"}
    assert set(report) == members
    assert report["beside"] is None
    assert [bug["number"] for bug in report["bugs"]] == [4]
    (evidence,) = report["evidence"]
    assert (evidence["bug"], evidence["verdict"], evidence["blocked_by"]) == (4, "present", None)
    assert evidence["why"].endswith(".")
    assert [set(figure) for figure in evidence["figures"]] == [{"name", "value", "unit", "limit"}] * 4
    assert Path(evidence["raw"]).parent == Path(report["run"])
    assert "FROM workflow_steps" in Path(evidence["raw"]).read_text()


@pytest.mark.slow
def test_in_a_box_the_verdicts_are_the_same_and_the_level_is_told(measured: MeasuredLab) -> None:
    finished = measured.lab("check", "1", "4", "--box", "--json", "--bugs-only")

    assert finished.code == 1
    report = json.loads(finished.stdout)
    assert [one["verdict"] for one in report["evidence"]] == ["present", "present"]
    assert (report["level"], report["notes"]) == ("bwrap", [])
    assert json.loads((Path(report["run"]) / "evidence.json").read_text())["sandbox"] == "bwrap"
    assert not (Path(report["run"]) / "server").exists()


@pytest.mark.slow
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_candidate_sees_symptoms_and_neither_causes_nor_verdicts(
    measured: MeasuredLab, form: tuple[str, ...]
) -> None:
    finished = measured.lab("check", "1", "4", "--for-candidate", *form, "--bugs-only")

    assert finished.code == 1
    shown = (finished.stdout + finished.stderr).decode()
    assert "GET /workflows is slow, keeps the database busy" in shown
    for told in ("Missing environment", "KeyError", "A query for every", "present", "Raw", "figures"):
        assert told not in shown


@pytest.mark.slow
def test_a_fix_is_measured_when_it_is_applied_if_that_is_asked_for_or_in_a_handout(
    measured: MeasuredLab,
) -> None:
    mark = measured.workspace.root / "handout.json"
    try:
        asked = measured.done("fix", "apply", "2", "--check")
        mark.write_text('{"id": "0123456789ab", "name": "A. N. Other"}')
        in_handout = measured.done("fix", "apply", "4")
        not_asked = measured.done("fix", "apply", "5", "--no-check")
    finally:
        mark.unlink(missing_ok=True)
        measured.done("fix", "revert", "2", "4", "5")

    assert "\nBug 2 " in asked
    assert "There is no record of this handout here" in in_handout
    assert in_handout.endswith("\nBug 4 is fixed.\n")
    assert "Bug 5" not in not_asked


@pytest.mark.slow
@pytest.mark.usefixtures("fix_4")
def test_0_when_the_bugs_asked_for_are_fixed_and_1_with_one_that_is_not(measured: MeasuredLab) -> None:
    fixed, both = measured.lab("check", "workflow_queries"), measured.lab("check", "1", "4", "--bugs-only")

    assert (fixed.code, both.code) == (0, 1)
    lines = fixed.stdout.decode().splitlines()
    assert " fixed, nothing else broken " in next(line for line in lines if line.startswith("4  "))
    assert lines[-1].startswith("1 of 1 fixed, nothing else broken, in ")
    assert both.stdout.decode().splitlines()[-1].startswith("1 of 2 fixed, in ")


@pytest.mark.slow
@pytest.mark.usefixtures("fix_4")
@pytest.mark.parametrize("level", [(), ("--box",)])
def test_a_regression_is_1_and_shown_with_the_requests_that_lead_to_it(
    measured: MeasuredLab, level: tuple[str, ...]
) -> None:
    errors = measured.workspace.root / "app" / "common" / "errors.py"
    text = errors.read_text()
    try:
        errors.write_text(text.replace("status = 403", "status = 409"))
        finished = measured.lab("check", "4", *level)
        neutral = measured.lab("check", "4", "--for-candidate", *level)
    finally:
        errors.write_text(text)

    assert (finished.code, neutral.code) == (1, 1)
    shown = " ".join(finished.stdout.decode().split())
    assert "4 A query for every workflow and every sample fixed, 1 regression" in shown
    assert "Regression: POST /devices/{d1}/release" in shown
    assert ": expected 403, got 409 after POST /devices/{d1}/book" in shown
    assert "1 of 1 fixed, 1 regression, in " in shown
    assert "This worked before: POST /devices/{d1}/release" in neutral.stdout.decode()


@pytest.mark.slow
@pytest.mark.usefixtures("unmeasured_4")
def test_what_cannot_be_measured_is_4_unless_a_symptom_shows(measured: MeasuredLab) -> None:
    alone = measured.lab("check", "4", "--bugs-only")
    both = measured.lab("check", "1", "4", "--json", "--bugs-only")

    assert (alone.code, both.code) == (4, 1)
    assert " unmeasured " in alone.stdout.decode()
    assert "0 of 1 fixed" in alone.stdout.decode()
    assert [one["verdict"] for one in json.loads(both.stdout)["evidence"]] == ["present", "unmeasured"]
