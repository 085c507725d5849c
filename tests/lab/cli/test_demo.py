"""`lab demo`: before and after of one fix, and the lab as it was afterwards."""

import json

import pytest

from tests.lab.conftest import MeasuredLab


def states(measured: MeasuredLab) -> dict[int, str]:
    report = json.loads(measured.done("fix", "status", "--json"))
    return {fix["number"]: fix["state"] for fix in report["fixes"]}


def test_before_and_after_are_shown_side_by_side_and_the_fix_is_reverted(measured: MeasuredLab) -> None:
    finished = measured.lab("demo", "4")

    assert finished.code == 0
    lines = finished.stdout.decode().splitlines()
    assert lines[0].startswith("4: ")
    rows = {line.rsplit("  ", 3)[0].strip(): line.split() for line in lines}
    verdict = next(line.split() for line in lines if line.startswith("verdict"))
    assert verdict == ["verdict", "present", "fixed"]
    statements = next(words for name, words in rows.items() if name.startswith("statements for 110"))
    assert statements[-1].endswith("×")
    assert any(line.startswith("Before: ") for line in lines)
    assert any(line.startswith("After: ") for line in lines)
    assert lines[-1] == "Fix 4 is reverted."
    told = finished.stderr.decode()
    assert told.index("Applying fix 4") < told.index("apply 4 ") < told.index("revert 4 ")
    assert states(measured)[4] == "absent"


@pytest.mark.slow
def test_a_kept_fix_is_in_force_and_has_no_before_any_more(measured: MeasuredLab) -> None:
    try:
        shown = json.loads(measured.done("demo", "booking_path", "--keep", "--json"))
        kept = states(measured)[2]
        again = measured.lab("demo", "2")
    finally:
        measured.done("fix", "revert", "2")

    assert set(shown) == {"number", "title", "before", "after", "figures", "plans", "kept"}
    assert (shown["number"], shown["kept"], shown["plans"]) == (2, True, None)
    assert (shown["before"]["verdict"], shown["after"]["verdict"]) == ("present", "fixed")
    assert [set(figure) for figure in shown["figures"]] == [{"name", "unit", "before", "after"}]
    assert (kept, again.code, again.stdout) == ("present", 3, b"")
    assert "lab fix revert 2" in again.stderr.decode()


@pytest.mark.slow
def test_a_plan_is_shown_beside_the_one_that_it_became(measured: MeasuredLab) -> None:
    lines = measured.done("demo", "5").splitlines()

    assert any(
        line.split("  ")[0] == "PLAN BEFORE" and line.rstrip().endswith("PLAN AFTER") for line in lines
    )
    plans = "\n".join(lines[lines.index(next(line for line in lines if "PLAN BEFORE" in line)) :])
    assert "Seq Scan on execution_logs" in plans
    assert "ix_execution_logs_started_at" in plans


@pytest.mark.parametrize("bug", ["9", "1-3", "all", "no_such_bug"])
def test_what_is_not_one_fix_is_2(measured: MeasuredLab, bug: str) -> None:
    finished = measured.lab("demo", bug)

    assert (finished.code, finished.stdout) == (2, b"")
    assert "lab fix list" in finished.stderr.decode()


def test_no_lab_is_4_and_says_how_to_bring_one_up(not_up: MeasuredLab) -> None:
    finished = not_up.lab("demo", "4")

    assert (finished.code, finished.stdout) == (4, b"")
    assert "lab up" in finished.stderr.decode()
