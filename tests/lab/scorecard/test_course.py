"""A course file: read once, and every mistake in one report."""

import re
from pathlib import Path

import pytest

from lab.errors import InvalidFile, UsageError
from lab.scorecard.course import Course, Part, read_course
from tests.conftest import PROJECT

SLUGS = {"slow_list": 1, "double_booking": 3}


def read(folder: Path, text: str) -> Course:
    file = folder / "course.toml"
    file.write_text(text, encoding="utf-8")
    return read_course(file, SLUGS)


def test_bugs_are_named_by_number_or_slug(tmp_path: Path) -> None:
    course = read(tmp_path, "masked = 0.5\nnames = true\n[points]\n1 = 10\ndouble-booking = 2.5\n")
    assert course == Course({1: 10.0, 3: 2.5}, masked=0.5, names=True)


def test_names_are_hidden_and_nothing_else_has_points_by_default(tmp_path: Path) -> None:
    course = read(tmp_path, "[points]\n1 = 10\n")
    assert (course.names, course.visibility, course.masked) == (False, "after_published", 0.0)
    assert course.regressions == course.migrations == Part()


def test_points_beside_the_bugs_are_earned_or_lost(tmp_path: Path) -> None:
    course = read(tmp_path, "[points]\n1 = 10\n[regressions]\nlost = 5\n[migrations]\nearned = 3\n")
    assert (course.regressions, course.migrations) == (Part(lost=5.0), Part(earned=3.0))


def test_every_mistake_is_reported_at_once(tmp_path: Path) -> None:
    text = """
        maskd = 0.5
        masked = 2
        names = "yes"
        visibility = "always"
        [points]
        1 = "ten"
        slow_list = 3
        9 = 1
        double_boking = 1
        3 = nan
        [regressions]
        earned = 1
        lost = 1
        [migrations]
        lost = -1
    """
    with pytest.raises(InvalidFile) as raised:
        read(tmp_path, text)
    assert raised.value.problems == (
        "maskd: unknown key; did you mean masked?",
        "masked: a number from 0 to 1 is expected",
        "names: true or false is expected",
        "visibility: one of hidden, after_due_date, after_published, visible is expected",
        "points.1: a number is expected",
        "points.slow_list: bug 1 is listed twice",
        "points.9: no bug of the library",
        "points.double_boking: no bug of the library; did you mean double_booking?",
        "points.3: a number from 0 to 1,000,000 is expected",
        "regressions: either earned or lost, not both",
        "migrations.lost: a number from 0 to 1,000,000 is expected",
    )
    assert "docs/formats.md" in str(raised.value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "points: missing"),
        ("[points]\n1 = 0\n", "points: missing"),
        ("points = 3\n", "points: a table is expected"),
        ("[points]\n1 = true\n", "points.1: a number is expected"),
        ("[points]\n1 = inf\n", "points.1: a number from 0"),
        (f"[points]\n1 = {10**400}\n", "points.1: a number from 0"),
        ("[points]\n1 = 1\n[regressions]\neach = 1\n", "regressions.each: unknown key"),
        ("regressions = 1\n[points]\n1 = 1\n", "regressions: a table is expected"),
        ("no toml", "Expected"),
    ],
)
def test_a_course_file_that_cannot_be_used_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(InvalidFile, match=re.escape(problem)):
        read(tmp_path, text)


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\xff")
    with pytest.raises(InvalidFile, match="cannot be used"):
        read_course(tmp_path / "x", SLUGS)
    with pytest.raises(UsageError, match="There is no "):
        read_course(tmp_path / "missing", SLUGS)


def test_the_example_of_the_documentation_is_a_course_file_of_the_library(tmp_path: Path) -> None:
    text = (PROJECT / "docs" / "formats.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```toml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    folders = [path.name for path in (PROJECT / "fixes").iterdir() if path.name[:2].isdigit()]
    slugs = {name.partition("_")[2]: int(name.partition("_")[0]) for name in folders}
    (tmp_path / "course.toml").write_text(example, encoding="utf-8")
    course = read_course(tmp_path / "course.toml", slugs)
    assert course.points.keys() == set(slugs.values())
    assert not course.names
