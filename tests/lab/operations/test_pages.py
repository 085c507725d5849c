"""Each card has its page beside it, and the page of all leads there."""

import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

from lab.library import Library
from lab.operations.pages import CANDIDATES_PAGE, INDEX, PAGE, write_pages
from lab.scorecard.for_candidate import CONTACT
from lab.scorecard.rubric import read_rubric
from tests.conftest import PROJECT
from tests.lab.scorecard.page_cards import BROKEN, CARD


def test_every_link_of_the_page_of_all_leads_to_a_page(tmp_path: Path) -> None:
    folders = [tmp_path / "a b & c", tmp_path / "broken"]
    write_pages([CARD, BROKEN], folders, tmp_path, None)
    index = tmp_path / INDEX
    links = re.findall(r'href="([^"#]+)"', index.read_text(encoding="utf-8"))
    assert [tmp_path / unquote(link) for link in links] == [folder / PAGE for folder in folders]
    assert all((tmp_path / unquote(link)).is_file() for link in links)
    assert not list(tmp_path.rglob(CANDIDATES_PAGE))


def test_a_candidates_copy_is_written_only_when_a_contact_is_given(tmp_path: Path) -> None:
    write_pages([CARD], [tmp_path / "ada"], tmp_path, None, contact="")
    assert CONTACT in (tmp_path / "ada" / CANDIDATES_PAGE).read_text(encoding="utf-8")
    write_pages([CARD], [tmp_path / "ada"], tmp_path, None, contact="Ms Hopper")
    assert "Ms Hopper" in (tmp_path / "ada" / CANDIDATES_PAGE).read_text(encoding="utf-8")


def test_a_card_has_the_lines_of_its_own_rubric_beside_evidence_and_no_marks(tmp_path: Path) -> None:
    rubric = read_rubric(Library(PROJECT).rubric)
    assert rubric is not None
    own = replace(CARD, rubric=rubric.digest)
    write_pages([own, CARD], [tmp_path / "own", tmp_path / "other"], tmp_path, rubric)
    page, other = ((tmp_path / name / PAGE).read_text(encoding="utf-8") for name in ("own", "other"))
    assert all(line.title in page for line in rubric.lines)
    assert rubric.lines[0].title not in other
    for target in re.findall(r'href="#([^"]+)"', page):
        assert f'id="{target}"' in page
