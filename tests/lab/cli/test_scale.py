"""The bars of a figure have one scale, which says what it is."""

import pytest

from lab.cli.scale import scale_of


@pytest.mark.parametrize(
    ("before", "after", "name", "start", "bars"),
    [
        (4, 1, "linear", "from 0", ("████", "█")),
        (4, 0, "linear", "from 0", ("████", "")),
        (None, 3, "linear", "from 0", ("", "████")),
        (0, 0, "linear", "from 0", ("", "")),
        (990, 10, "linear", "from 0", ("████", "▏")),
        (10_000, 100, "log scale", "from 1", ("████", "██")),
        (1, 100, "log scale", "from 0.1", ("█▍", "████")),
        (1_000_000, 1, "log scale", "from 0.1", ("████", "▋")),
    ],
)
def test_a_ratio_of_a_hundred_or_more_is_on_a_log_scale(
    before: float | None, after: float, name: str, start: str, bars: tuple[str, str]
) -> None:
    scale = scale_of(before, after)

    assert (scale.name, scale.start) == (name, start)
    assert (scale.bar(before, 4), scale.bar(after, 4)) == bars
