"""The registry: the names that the command line offers, and one file for each."""

from lab.operations import FORMATS as NAMES
from lab.scorecard.card_file import CARD
from lab.scorecard.formats.registry import FORMATS


def test_the_command_line_offers_every_format() -> None:
    assert tuple(FORMATS) == NAMES


def test_no_format_writes_over_another_or_over_the_card() -> None:
    files = [one.file for one in FORMATS.values()]
    assert len({*files, CARD}) == len(files) + 1


def test_the_formats_of_courses_are_those_with_points() -> None:
    assert {name for name, one in FORMATS.items() if one.with_points} == {"gradescope", "prairielearn"}
