"""What a probe measures does not depend on whether a table is partitioned."""

import shutil
from pathlib import Path

import pytest

from lab.probing.evidence import Verdict
from lab.runtime.prepared import Prepared
from tests.measuring import Bench, copy_shipped, fix

ANSWERS = Path(__file__).parents[1] / "answers"


@pytest.mark.slow
def test_other_bugs_are_measured_where_the_logs_are_in_partitions(
    full_server: Prepared, tmp_path: Path
) -> None:
    bench = Bench(copy_shipped(tmp_path / "workspace"), tmp_path / "runs", full_server)
    by_month = ANSWERS / "5" / "right_partitions_by_month_with_an_index"
    bench.patch(by_month / "answer.patch")
    shutil.copy(by_month / "migration.py", bench.root / "migrations" / "versions" / "0003_answer.py")
    bench.patch(fix(6).folder / "code.patch")
    found = bench.measure(3, 6, 5)
    assert found[3].verdict is Verdict.PRESENT, found[3].why
    assert "succeeded" in found[3].why
    assert found[5].verdict is found[6].verdict is Verdict.FIXED, (found[5].why, found[6].why)
