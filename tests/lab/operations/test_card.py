"""Cards are read again, shown and written in other formats; what is no card is refused with one sentence."""

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from lab.errors import InvalidFile, UsageError
from lab.json_files import to_json
from lab.library import Library
from lab.operations.card import NO_FORMATS, readable, rendering, write_formats
from lab.scorecard.card import Card
from lab.scorecard.card_file import CARD, read_card_file
from lab.scorecard.formats.registry import FORMATS
from tests.conftest import PROJECT
from tests.lab.scorecard.cards import EVERY, cards

LIBRARY = Library(PROJECT)
UNKNOWN = {"id": "x", "file": "", "line": 0, "how": "rule", "seen": "", "severity": "note"}


@pytest.fixture
def course(tmp_path: Path) -> Path:
    file = tmp_path / "course.toml"
    file.write_text("[points]\n1 = 10\nbooking_race = 5\n")
    return file


def test_a_card_is_read_by_its_file_or_its_folder(tmp_path: Path) -> None:
    (tmp_path / CARD).write_text(to_json(EVERY))
    assert read_card_file(tmp_path) == read_card_file(tmp_path / CARD) == EVERY


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"schema": 2}, "schema: 2, and"),
        ({"bugs": 3}, "Expected `array`"),
        ({"at": float("nan")}, "NaN is no number"),
        ({"at": float("inf")}, "Infinity is no number"),
        ({"at": 10**400}, "at"),
        ({"review": {"findings": [UNKNOWN]}}, "'x' is no finding"),
    ],
    ids=["schema", "type", "nan", "infinite", "huge", "finding"],
)
def test_a_file_that_is_no_card_is_refused(tmp_path: Path, change: dict[str, Any], problem: str) -> None:
    (tmp_path / CARD).write_text(json.dumps(json.loads(to_json(EVERY)) | change))
    with pytest.raises(UsageError, match=problem):
        read_card_file(tmp_path)


def test_a_number_that_is_read_as_infinite_is_refused(tmp_path: Path) -> None:
    document = json.dumps(json.loads(to_json(EVERY)) | {"seconds": "huge"})
    (tmp_path / CARD).write_text(document.replace('"huge"', "1e999"))
    with pytest.raises(InvalidFile, match="Infinity is no number"):
        read_card_file(tmp_path)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b"[" * 100_000])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / CARD).write_bytes(content)
    with pytest.raises(InvalidFile, match=r"card\.json"):
        read_card_file(tmp_path)
    with pytest.raises(UsageError, match="There is no card in"):
        read_card_file(tmp_path / "missing")


def test_each_format_is_a_file_beside_the_card(tmp_path: Path, course: Path) -> None:
    folder = tmp_path / "ada"
    write_formats(EVERY, folder, rendering(FORMATS, course, LIBRARY))
    assert {path.name for path in folder.iterdir()} == {one.file for one in FORMATS.values()}
    found = json.loads((folder / "gradescope.json").read_text())
    assert [test["max_score"] for test in found["tests"]][:3] == [10, 0, 5]
    assert "None" not in (folder / "summary.md").read_text()


def test_without_a_format_nothing_is_written(tmp_path: Path) -> None:
    write_formats(EVERY, tmp_path, NO_FORMATS)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["gradescope", "prairielearn"])
def test_a_format_with_points_is_refused_without_a_course_file(name: str) -> None:
    with pytest.raises(UsageError, match="only a teacher can say which") as raised:
        rendering(["junit", name], None, LIBRARY)
    assert "--course" in raised.value.remedy


def test_a_format_that_is_not_there_and_a_course_file_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no format 'x'"):
        rendering(["x"], None, LIBRARY)
    (tmp_path / "course.toml").write_text("[points]")
    with pytest.raises(InvalidFile):
        rendering(["gradescope"], tmp_path / "course.toml", LIBRARY)
    with pytest.raises(UsageError, match=r"has the points of --course.* --format gradescope"):
        rendering(["junit"], tmp_path / "course.toml", LIBRARY)


def texts_of(value: Any) -> Iterator[str]:
    """Every text in what was read from JSON, but for the keys."""
    match value:
        case str():
            yield value
        case dict():
            yield from chain.from_iterable(map(texts_of, value.values()))
        case list():
            yield from chain.from_iterable(map(texts_of, value))


@settings(max_examples=10, deadline=None)
@given(cards)
def test_a_readable_card_has_no_text_that_could_change_a_terminal(card: Card) -> None:
    found = json.loads(to_json(readable(card)))
    assert all(text.replace("\n", "").isprintable() for text in texts_of(found))
    assert readable(replace(EVERY)) == EVERY
