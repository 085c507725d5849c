"""A newer rubric over kept evidence: new cards in a new folder, the old one untouched."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from lab.errors import EnvironmentFault, InvalidFile, Refused, UsageError
from lab.library import Library
from lab.operations.batch import INDEX, TABLE
from lab.operations.forget import keep_until
from lab.operations.mark import Change, marking, save
from lab.operations.pages import PAGE
from lab.operations.regrade import regrade
from lab.scorecard.card_file import CARD, read_card_file
from lab.scorecard.retention import RETENTION
from lab.scorecard.rubric import digest_of
from tests.lab.operations.cards import GRADED, LIBRARY, contents, write_card


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Two cards of the library's rubric, of which one has marks and a date, and a folder without a card."""
    folder = tmp_path / "cards"
    write_card(folder / "ada")
    write_card(folder / "bob", replace(GRADED, problem="It is empty.", bugs=(), review=None))
    save(folder / "ada", LIBRARY, "Grace", [Change("code", "good")], sign=True)
    keep_until(folder / "ada", date(2999, 1, 1))
    (folder / "notes").mkdir()
    return folder


@pytest.fixture
def newer(tmp_path: Path) -> Library:
    """A library with another rubric."""
    library = Library(tmp_path / "library")
    library.fixes.mkdir(parents=True)
    library.rubric.write_text(LIBRARY.rubric.read_text().replace("Order by priority", "The order"))
    return library


def test_only_the_digest_of_the_rubric_differs_and_the_old_folder_stays_as_it_was(
    out: Path, newer: Library, tmp_path: Path
) -> None:
    before = contents(out)
    new = tmp_path / "new" / "cards"
    found = regrade(out, new, newer)
    assert contents(out) == before
    assert (found.cards, found.marked, found.unchanged) == (("ada", "bob"), ("ada",), ())
    assert set(contents(new)) == {
        *(f"{name}/{file}" for name in ("ada", "bob") for file in (CARD, PAGE)),
        f"ada/{RETENTION}",
        TABLE,
        INDEX,
    }
    for name in found.cards:
        old, card = read_card_file(out / name), read_card_file(new / name)
        assert card == replace(old, rubric=digest_of(newer.rubric))
        assert card.judgement == old.judgement
    assert [path.name for path in new.parent.iterdir()] == ["cards"]
    assert marking(new / "ada", newer, "Grace").unmarked
    assert marking(out / "ada", LIBRARY, "Grace").lines[-1].marks[0].mark == "good"


def test_a_member_that_this_lab_does_not_know_is_kept(out: Path, newer: Library, tmp_path: Path) -> None:
    document = json.loads((out / "ada" / CARD).read_text())
    (out / "ada" / CARD).write_text(json.dumps({**document, "later": [1]}))
    regrade(out, tmp_path / "new", newer)
    assert json.loads((tmp_path / "new" / "ada" / CARD).read_text())["later"] == [1]


def test_the_same_rubric_is_said(out: Path, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    assert regrade(out, tmp_path / "new", LIBRARY).unchanged == ("ada", "bob")


def test_all_cards_that_cannot_be_read_are_in_one_report_and_nothing_is_written(
    out: Path, newer: Library, tmp_path: Path
) -> None:
    (out / "ada" / CARD).write_text("{}")
    (out / "bob" / CARD).write_text((out / "bob" / CARD).read_text().replace('"schema": 1', '"schema": 9'))
    with pytest.raises(InvalidFile) as raised:
        regrade(out, tmp_path / "new", newer)
    assert raised.value.problems == (
        f"ada/{CARD}: schema: None, and this lab reads 1",
        f"bob/{CARD}: schema: 9, and this lab reads 1",
    )
    assert not (tmp_path / "new").exists()


def test_a_folder_that_is_not_empty_is_in_the_old_one_or_has_no_cards_is_refused(
    out: Path, newer: Library, tmp_path: Path
) -> None:
    before = contents(out)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("x")
    for taken in (tmp_path / "full", tmp_path / "full" / "mine"):
        with pytest.raises(Refused, match="is not empty"):
            regrade(out, taken, newer)
    for within in (out, out / "new"):
        with pytest.raises(UsageError, match="nothing is changed"):
            regrade(out, within, newer)
    for none in (tmp_path / "full", tmp_path / "missing"):
        with pytest.raises(UsageError, match="There are no cards"):
            regrade(none, tmp_path / "new", newer)
    with pytest.raises(UsageError, match="has no rubric"):
        regrade(out, tmp_path / "new", Library(tmp_path))
    with pytest.raises(EnvironmentFault, match="cannot be written"):
        regrade(out, tmp_path / "full" / "mine" / "new", newer)
    assert contents(out) == before
    assert not (tmp_path / "new").exists()
