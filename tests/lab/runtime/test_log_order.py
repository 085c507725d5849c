"""Lines of several logs come in the order of time, whatever the format of their times."""

from datetime import UTC, datetime

import pytest

from lab.runtime.log_order import LogOrder, time_of

NOON = datetime(2026, 1, 2, 12, 0, 0, 250_000, tzinfo=UTC)
LOCAL = f"{NOON.astimezone():%Y-%m-%d %H:%M:%S},250"


@pytest.mark.parametrize(
    "line",
    [
        "2026-01-02 12:00:00.250 UTC [7] LOG:  ready",
        "2026-01-02T12:00:00.250000000Z ready",
        "2026-01-02T14:00:00.25+02:00 ready",
        "2026-01-02 06:30:00.250-0530 ready",
        f"{LOCAL} INFO worker: ready",
    ],
)
def test_the_times_of_postgresql_python_and_iso_8601_are_understood(line: str) -> None:
    assert time_of(line) == NOON.timestamp()


@pytest.mark.parametrize("line", ["", "Traceback", "at 2026-01-02 12:00:00", "2026-13-02 12:00:00 no month"])
def test_other_lines_have_no_time(line: str) -> None:
    assert time_of(line) is None


def test_a_line_without_a_time_stays_with_the_line_before_it() -> None:
    a = ["2026-01-01 00:00:01Z failed", "Traceback", "  in f", "2026-01-01 00:00:05Z next"]
    b = ["  its beginning is cut off", "2026-01-01 00:00:03Z between"]
    merged = LogOrder({}).merge({"a": a, "b": b})
    assert merged == [("a", a[0]), ("a", a[1]), ("a", a[2]), ("b", b[0]), ("b", b[1]), ("a", a[3])]


def test_a_log_without_any_time_has_that_of_its_last_change() -> None:
    order = LogOrder({"a": NOON.timestamp()})
    b = ["2026-01-02 11:59:59Z before", "2026-01-02 12:00:01Z after"]
    assert order.merge({"a": ["KeyError"], "b": b}) == [("b", b[0]), ("a", "KeyError"), ("b", b[1])]


def test_the_order_within_a_log_never_changes() -> None:
    a = ["2026-01-01 00:00:05Z clock set back", "2026-01-01 00:00:01Z later"]
    order = LogOrder({})
    assert order.merge({"a": a}) == [("a", a[0]), ("a", a[1])]
    assert order.merge({"a": ["rest"], "b": ["2026-01-01 00:00:06Z x"]})[0] == ("a", "rest")
