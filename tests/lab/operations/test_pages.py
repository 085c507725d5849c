"""Each card has its page beside it, and the page of all leads there."""

import re
from pathlib import Path
from urllib.parse import unquote

from lab.operations.pages import CANDIDATES_PAGE, INDEX, PAGE, write_page, write_pages
from lab.scorecard.for_candidate import CONTACT
from tests.lab.scorecard.page_cards import BROKEN, CARD, RUBRIC


def test_every_link_of_the_page_of_all_leads_to_a_page(tmp_path: Path) -> None:
    folders = [tmp_path / "a b & c", tmp_path / "broken"]
    index = write_pages([CARD, BROKEN], folders, tmp_path)
    assert index == tmp_path / INDEX
    links = re.findall(r'href="([^"#]+)"', index.read_text(encoding="utf-8"))
    assert [tmp_path / unquote(link) for link in links] == [folder / PAGE for folder in folders]
    assert all((tmp_path / unquote(link)).is_file() for link in links)
    assert not list(tmp_path.rglob(CANDIDATES_PAGE))


def test_a_candidates_copy_is_written_only_when_a_contact_is_given(tmp_path: Path) -> None:
    write_pages([CARD], [tmp_path / "ada"], tmp_path, contact="")
    assert CONTACT in (tmp_path / "ada" / CANDIDATES_PAGE).read_text(encoding="utf-8")
    write_pages([CARD], [tmp_path / "ada"], tmp_path, contact="Ms Hopper")
    assert "Ms Hopper" in (tmp_path / "ada" / CANDIDATES_PAGE).read_text(encoding="utf-8")


def test_a_page_is_written_again_with_its_marks(tmp_path: Path) -> None:
    write_pages([CARD], [tmp_path / "ada"], tmp_path)
    before = (tmp_path / "ada" / PAGE).read_text(encoding="utf-8")
    after = write_page(CARD, tmp_path / "ada", RUBRIC).read_text(encoding="utf-8")
    assert "Rubric" not in before
    assert "Drew both transactions when asked." in after
