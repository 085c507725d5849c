"""`lab demo`: before and after of one fix, and the lab as it was afterwards."""

import json
from pathlib import Path

import pytest

from tests.lab.conftest import MeasuredLab


def states(measured: MeasuredLab) -> dict[int, str]:
    report = json.loads(measured.done("fix", "status", "--json"))
    return {fix["number"]: fix["state"] for fix in report["fixes"]}


@pytest.mark.slow
def test_symptom_cause_and_cure_come_before_the_table_and_the_fix_is_reverted(
    measured: MeasuredLab, tmp_path: Path
) -> None:
    page = tmp_path / "demo.html"
    finished = measured.lab("demo", "4", "--html", str(page))

    assert finished.code == 0
    lines = finished.stdout.decode().splitlines()
    assert lines[0].startswith("Fix 4: ")
    acts = ["SYMPTOM", "CAUSE", "CURE: THE CODE", "CURE: THE SCHEMA, AS ALEMBIC RUNS IT", "WITH THE FIX"]
    assert [line for line in lines if line in acts] == acts
    table = lines[lines.index("Fix 4 is reverted.") + 2 :]
    assert [line.split()[-1] for line in table[3:5]] == ["present", "fixed"]
    assert any(line.startswith("statements for 110") for line in table)
    assert len(table) <= 24
    assert max(map(len, table)) <= 80
    assert [line for line in lines if line != line.rstrip()] == []
    assert "statements for 110" in page.read_text()
    told = finished.stderr.decode()
    places = [told.index(part) for part in ("\n\nAPPLIED, MEASURED, REVERTED\n", "apply 4 ", "revert 4 ")]
    assert places == sorted(places)
    assert told.endswith(f"\nWrote {page}.\n")
    assert states(measured)[4] == "absent"


@pytest.mark.slow
def test_a_kept_fix_is_in_force_and_has_no_before_any_more(measured: MeasuredLab) -> None:
    try:
        shown = json.loads(measured.done("demo", "booking_path", "--keep", "--json"))
        kept = states(measured)[2]
        again = measured.lab("demo", "2")
    finally:
        measured.done("fix", "revert", "2")

    told = {"number", "title", "symptom", "cause", "diff", "sql"}
    assert set(shown) == told | {"before", "after", "figures", "plans", "interleavings", "kept"}
    assert (shown["number"], shown["kept"], shown["plans"]) == (2, True, None)
    assert (shown["before"]["verdict"], shown["after"]["verdict"]) == ("present", "fixed")
    assert [set(figure) for figure in shown["figures"]] == [{"name", "unit", "before", "after"}]
    assert (kept, again.code, again.stdout) == ("present", 3, b"")
    assert "lab fix revert 2" in again.stderr.decode()


@pytest.mark.slow
def test_the_plan_is_shown_before_and_after(measured: MeasuredLab) -> None:
    before, _, after = measured.done("demo", "5").partition("PLAN AFTER")

    assert "Seq Scan on execution_logs" in before.partition("PLAN BEFORE")[2]
    assert "ix_execution_logs_started_at" in after
