"""The page with marks has those that a rater may see, and never takes the place of the card's own."""

from pathlib import Path

import pytest

from lab.errors import UsageError
from lab.operations.mark import Change, save
from lab.operations.marked_page import write_marked_page
from lab.operations.pages import CANDIDATES_PAGE, PAGE
from lab.scorecard.card_file import CARD
from lab.scorecard.marks import MARKS
from tests.lab.operations.cards import LIBRARY, contents, write_card


def test_a_second_rater_sees_the_marks_of_the_first_on_the_page_once_they_have_signed(
    tmp_path: Path,
) -> None:
    folder, file = write_card(tmp_path / "cards" / "ada"), tmp_path / "marked.html"

    def page(name: str) -> str:
        write_marked_page(folder, LIBRARY, name, file)
        return file.read_text(encoding="utf-8")

    save(folder, LIBRARY, "Grace", [Change("approach", "good", "Read the log first.")], sign=True)
    assert "Read the log first." in page("Grace")
    save(folder, LIBRARY, "Linus", [Change("approach", "mixed", "Guessed twice.")])
    assert "Read the log first." not in page("Linus")
    save(folder, LIBRARY, "Linus", [], sign=True)
    both = page("Linus")
    assert "Read the log first." in both
    assert "Guessed twice." in both


def test_a_change_after_signing_shows_as_one(tmp_path: Path) -> None:
    folder, file = write_card(tmp_path / "ada"), tmp_path / "marked.html"
    save(folder, LIBRARY, "Grace", [Change("code", "poor")], sign=True)
    save(folder, LIBRARY, "Grace", [Change("code", "good")])
    write_marked_page(folder, LIBRARY, "Grace", file)
    assert "Changed after signing; signed as poor." in file.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [PAGE, CANDIDATES_PAGE, MARKS, "x/y.html"])
@pytest.mark.parametrize("path", ["", CARD])
def test_nothing_in_the_folder_of_the_card_is_overwritten(tmp_path: Path, name: str, path: str) -> None:
    folder = write_card(tmp_path / "ada")
    save(folder, LIBRARY, "Grace", [Change("code", "poor")])
    before = contents(folder)
    with pytest.raises(UsageError, match="in another folder"):
        write_marked_page(folder / path, LIBRARY, "Grace", folder / name)
    assert contents(folder) == before
