"""The page with marks has those that a rater may see, and never takes the place of the card's own."""

from pathlib import Path

import pytest

from lab.errors import UsageError
from lab.operations.mark import Change, save
from lab.operations.marked_page import write_marked_page
from lab.operations.pages import PAGE
from tests.lab.operations.cards import LIBRARY, write_card


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


def test_the_cards_own_page_is_not_overwritten(tmp_path: Path) -> None:
    folder = write_card(tmp_path / "ada")
    with pytest.raises(UsageError, match="Name another file"):
        write_marked_page(folder, LIBRARY, "Grace", folder / PAGE)
    assert not (folder / PAGE).exists()
