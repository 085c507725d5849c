from datetime import datetime

import pytest

from app.common import timestamps


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-01-01", datetime(2025, 1, 1)),
        ("2025-01-01T08:30", datetime(2025, 1, 1, 8, 30)),
        ("2025-01-01 08:30:05", datetime(2025, 1, 1, 8, 30, 5)),
        ("2025-01-01t08:30:05.25z", datetime(2025, 1, 1, 8, 30, 5, 250000)),
        ("2025-01-01T08:30:05.123456789Z", datetime(2025, 1, 1, 8, 30, 5, 123456)),
        ("2025-01-01T01:00:00+02:00", datetime(2024, 12, 31, 23, 0)),
        ("2024-02-29", datetime(2024, 2, 29)),
    ],
)
def test_parse_returns_utc(text: str, moment: datetime) -> None:
    assert timestamps.parse(text) == moment


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("0001-01-01T00:00:00+05:00", datetime.min),
        ("9999-12-31T23:00:00-05:00", datetime.max),
    ],
)
def test_a_time_outside_years_1_to_9999_in_utc_becomes_the_nearest_one(text: str, moment: datetime) -> None:
    assert timestamps.parse(text) == moment


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2025-02-30",
        "2025-13-01",
        "0000-01-01",
        "10000-01-01",
        "-2025-01-01",
        "20250101",
        "2025-W01-1",
        "2025-01-01T24:00:00",
        "2025-01-01T08:60",
        "2025-01-01T08:30:60",
        "2025-01-01T08:30:00+99:00",
        "2025-01-01T08:30:00 02:00",
        "2025-01-01\n",
        "2025-01-01\0",
        "٢٠٢٥-٠١-٠١",
    ],
)
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        timestamps.parse(text)


def test_to_json_adds_a_z() -> None:
    assert timestamps.to_json(datetime(2025, 1, 1, 8, 30)) == "2025-01-01T08:30:00Z"
    assert timestamps.to_json(None) is None
