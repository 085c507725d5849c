"""The plan of the execution logs, which needs no database."""

from datetime import datetime
from itertools import pairwise

import pytest

from seed import logs
from seed.laboratory import CLOSED, DEVICES, INCIDENT_DAY, OPENED, OPERATIONS

SIZES = [1, 2, 239, 240, 241, 1_000, 500_000, 50_000_000]


@pytest.mark.parametrize("rows", SIZES)
def test_spans_contain_every_run_once_and_in_order(rows: int) -> None:
    spans = logs.spans(rows)

    assert spans[0].first == 1
    assert spans[-1].last == rows
    for span, following in pairwise(spans):
        assert following.first == span.last + 1
        assert following.start >= span.end


@pytest.mark.parametrize(("rows", "runs"), [(1, 1), (239, 239), (240, 240), (241, 240), (500_000, 240)])
def test_the_incident_day_has_priority(rows: int, runs: int) -> None:
    assert [span.runs for span in logs.spans(rows) if span.start == INCIDENT_DAY] == [runs]


def test_other_days_have_about_137_of_500_000_runs() -> None:
    before, _, after = logs.spans(500_000)

    assert before.runs / (INCIDENT_DAY - OPENED).days == pytest.approx(136.8, abs=0.1)
    assert after.runs / (CLOSED - datetime(2025, 1, 2)).days == pytest.approx(136.8, abs=0.1)


@pytest.mark.parametrize("rows", SIZES)
def test_batches_are_contiguous_and_end_with_the_last_row(rows: int) -> None:
    last = 0
    for batch in logs.batches(rows, seed=1):
        assert batch.parameters["begin"] == last + 1
        last = batch.last
    assert last == rows


def test_every_batch_has_a_different_randomness() -> None:
    given = [batch.randomness for seed in (1, 2) for batch in logs.batches(1_000_000, seed)]

    assert len(set(given)) == len(given)
    assert all(-1 <= value <= 1 for value in given)


def test_every_type_of_device_has_three_operations() -> None:
    """The INSERT relies on it: it selects one of three operations of the device."""
    assert {len(operations) for operations in OPERATIONS.values()} == {3}
    assert {device.type for device in DEVICES} == set(OPERATIONS)
