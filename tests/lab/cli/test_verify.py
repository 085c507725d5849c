"""`lab fix verify`: the proof of a fix, row by row, and what it says of a fix that is wrong."""

import json
import re
from collections.abc import Callable, Iterator

import pytest

from tests.lab.conftest import MeasuredLab
from tests.measuring import numbers

BUGS = sorted(numbers().values())


@pytest.fixture
def failing_fix(measured: MeasuredLab) -> Iterator[int]:
    """The number of a fix whose migration fails."""
    migration = measured.workspace.root / "fixes" / "04_workflow_queries" / "migration.py"
    text = migration.read_text()
    upgrade = "def upgrade() -> None:\n"
    assert upgrade in text
    migration.write_text(text.replace(upgrade, f'{upgrade}    op.execute("SELECT no_such_function()")\n'))
    yield 4
    migration.write_text(text)


@pytest.mark.slow
def test_a_fix_that_is_proved_is_exit_code_0_with_a_row_for_each_state(measured: MeasuredLab) -> None:
    report = json.loads(measured.done("fix", "verify", "2", "--json"))

    assert set(report) == {"bugs", "rows", "whole", "run"}
    assert [bug["number"] for bug in report["bugs"]] == list(BUGS)
    assert not report["whole"]
    verdicts = {
        row["state"]: {one["bug"]: one["verdict"] for one in row["evidence"]} for row in report["rows"]
    }
    assert verdicts == {
        "as shipped": dict.fromkeys(BUGS, "present"),
        "fix 2 applied": {bug: "fixed" if bug == 2 else "present" for bug in BUGS},
        "fix 2 reverted": {2: "present"},
    }
    assert [row["problems"] for row in report["rows"]] == [[], [], []]


@pytest.mark.prove
@pytest.mark.claim("Each fix removes its own symptom and no other, and reverted leaves no trace", "states")
def test_the_whole_library_is_proved(
    measured: MeasuredLab, record_property: Callable[[str, object], None]
) -> None:
    report = json.loads(measured.done("fix", "verify", "--json", timeout=1800))

    assert report["whole"]
    assert [row["problems"] for row in report["rows"]] == [[]] * (2 * len(BUGS) + 2)
    record_property("proved", len(report["rows"]))


@pytest.mark.slow
def test_a_problem_is_exit_code_1_and_in_the_summary(measured: MeasuredLab, failing_fix: int) -> None:
    finished = measured.lab("fix", "verify", str(failing_fix))

    assert finished.code == 1
    lines = finished.stdout.decode().splitlines()
    assert lines[0].split() == [str(bug) for bug in BUGS]
    rows = {line.rstrip().rpartition("  ")[0].strip(): line.split()[-1] for line in lines[1:4]}
    shipped = next(line for line in lines if line.startswith("as shipped"))
    assert shipped.split()[2:] == ["present"] * len(BUGS) + ["ok"]
    assert rows[f"fix {failing_fix} applied"] == "wrong"
    assert any(
        line.startswith(f"fix {failing_fix} applied: ") and "no_such_function" in line for line in lines
    )
    assert re.search(r"\d problems?\. Raw data: ", lines[-1])
