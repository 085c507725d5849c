"""A verdict does not flip: the probes say the same of an answer each time that they measure it."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from lab.probing.verdict import measure
from lab.runtime.prepared import Prepared
from tests.answers.test_answers import EXPECTED, FOLDER, hand_in
from tests.measuring import Bench, copy_shipped, numbers, to_measure

TURNS = 100
ANSWERS = (
    "2/right_standard_library_client",
    "3/right_for_update_nowait",
    "3/right_serializable_with_retry",
    "3/wrong_lock_released_before_commit",
    "3/wrong_skip_locked_after_stale_read",
    "5/right_plain_index",
    "6/right_keyset",
    "7/right_advisory_lock",
    "7/right_serializable_with_retry",
    "7/wrong_duplicates_looked_for_before_the_lock",
)
"""Most are to bugs of concurrency, whose verdicts luck could change."""


@pytest.mark.prove
@pytest.mark.claim("A verdict never flips, measured again and again in one shadow", "verdicts")
@pytest.mark.parametrize("answer", ANSWERS)
def test_a_verdict_never_flips(
    answer: str,
    full_server: Prepared,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    folder = FOLDER / answer
    bug = int(folder.parent.name)
    bench = Bench(copy_shipped(tmp_path / "workspace"), tmp_path / "runs", full_server)
    found: Counter[str] = Counter()
    with bench.shadow(bug, fixes=hand_in(folder, bench)) as made:
        for _ in range(TURNS):
            (measured,) = measure(made.bench, [to_measure(bug)], numbers=numbers())
            found[measured.evidence.verdict] += 1
    assert set(found) <= EXPECTED[folder.name.partition("_")[0]], found
    assert len(found) == 1, found
    record_property("proved", TURNS)
