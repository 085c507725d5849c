"""A bar reaches as far as the value takes of its limit, which is always at the same place."""

import pytest

from lab.probing.evidence import Figure
from lab.scorecard.bars import LIMIT_AT, WIDTH, Bar, row_of


@pytest.mark.parametrize(
    ("value", "limit", "bar", "ratio"),
    [
        (0, 10, Bar(0, False), "0 %"),
        (5, 10, Bar(LIMIT_AT / 2, False), "50 %"),
        (10, 10, Bar(LIMIT_AT, False), "100 %"),
        (15, 10, Bar(WIDTH, False), "1.5 ×"),
        (2754600, 27546, Bar(WIDTH, True), "100 ×"),
        (0, 0, None, ""),
        (6, 0, None, ""),
        (-3, 10, Bar(0, False), "-30 %"),
    ],
)
def test_a_bar_shows_the_value_in_parts_of_its_limit(
    value: float, limit: float, bar: Bar | None, ratio: str
) -> None:
    row = row_of(Figure("n", value, "", limit))
    assert (row.bar, row.ratio, row.within) == (bar, ratio, value <= limit)


def test_a_figure_without_a_limit_has_no_bar() -> None:
    row = row_of(Figure("n", 1500.0, "ms"), before=3000.0)
    assert (row.value, row.before, row.limit, row.ratio, row.bar) == ("1.5 s", "3.0 s", "", "", None)


def test_before_and_after_have_the_same_scale() -> None:
    row = row_of(Figure("n", 3, "", 5), before=457)
    assert (row.bar, row.bar_before) == (Bar(60, False), Bar(WIDTH, True))
