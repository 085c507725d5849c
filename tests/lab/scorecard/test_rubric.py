"""The library's rubric has the eight lines; a mistake in a rubric is found, and all of them in one report."""

from pathlib import Path

import pytest

from lab.errors import InvalidFile, UsageError
from lab.library import Library
from lab.scorecard.rubric import Kind, Mark, digest_of, read_rubric
from tests.conftest import PROJECT

LIBRARY = Library(PROJECT)
LINE = """[[line]]
id = "a"
phase = "Repair"
title = "t"
asks = "q?"
poor = "p"
mixed = "m"
good = "g"
excellent = "e"
"""


def test_the_rubric_of_the_library_has_eight_lines_of_two_phases_with_four_anchors_each() -> None:
    rubric = read_rubric(LIBRARY.rubric)
    assert rubric is not None
    assert [line.phase for line in rubric.lines] == ["Repair"] * 4 + ["Build"] * 4
    assert all(tuple(line.anchors) == tuple(Mark) for line in rubric.lines)
    texts = [text for line in rubric.lines for text in (line.asks, *line.anchors.values())]
    assert len(set(texts)) == 8 * 5
    assert all(text.endswith((".", "?")) for text in texts)
    assert all(line.evidence for line in rubric.lines)
    assert rubric.digest == digest_of(LIBRARY.rubric)


def test_the_rubric_of_the_library_names_bugs_that_it_has() -> None:
    numbers = {int(path.name[:2]) for path in LIBRARY.fixes.glob("[0-9]*_*")}
    rubric = read_rubric(LIBRARY.rubric)
    assert rubric is not None
    assert {bug for line in rubric.lines for bug in line.bugs} == numbers


def test_a_library_without_a_rubric_has_none_and_an_empty_digest(tmp_path: Path) -> None:
    assert read_rubric(tmp_path / "rubric.toml") is None
    assert digest_of(tmp_path / "rubric.toml") == ""


def test_a_line_needs_neither_bugs_nor_evidence(tmp_path: Path) -> None:
    (tmp_path / "rubric.toml").write_text(LINE)
    rubric = read_rubric(tmp_path / "rubric.toml")
    assert rubric is not None
    assert (rubric.lines[0].bugs, rubric.lines[0].evidence) == ((), ())


def test_all_mistakes_are_in_one_report(tmp_path: Path) -> None:
    file = tmp_path / "rubric.toml"
    wrong = (
        LINE.replace('good = "g"', 'god = "g"').replace('title = "t"', "title = 5").replace('"a"', '"A b"')
    )
    file.write_text(f'total = 1\n{LINE}{LINE}bugs = ["x"]\nevidence = ["verdict"]\n{wrong}poor2 = ""\n')
    with pytest.raises(InvalidFile) as raised:
        read_rubric(file)
    assert raised.value.problems == (
        "total: unknown key",
        "line 2: bugs: a list of the numbers of bugs is expected",
        f"line 2: evidence: 'verdict' is none of {', '.join(Kind)}",
        "line 2: id: 'a' is taken by an earlier line",
        "line 3: god: unknown key; did you mean good?",
        "line 3: poor2: unknown key; did you mean poor?",
        "line 3: title: a text is expected",
        "line 3: id: lower-case letters, digits and - are expected, not 'A b'",
        "line 3: good: missing",
    )


@pytest.mark.parametrize("text", ["", "line = 5", "line = []", "[line]\n", "x = [", "\x00"])
def test_a_file_without_lines_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "rubric.toml").write_text(text)
    with pytest.raises(InvalidFile):
        read_rubric(tmp_path / "rubric.toml")


def test_a_line_that_is_not_there_is_refused_with_those_that_are() -> None:
    rubric = read_rubric(LIBRARY.rubric)
    assert rubric is not None
    with pytest.raises(UsageError, match=r"no line 'aproach'. Did you mean approach\? Its lines: approach, "):
        rubric.line("aproach")
