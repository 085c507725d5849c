"""Each card has its page beside it, and a candidate's copy where one was asked for."""

import re
from dataclasses import replace
from pathlib import Path

from lab.library import Library
from lab.operations.pages import CANDIDATES_PAGE, PAGE, write_page
from lab.scorecard.for_candidate import CONTACT
from lab.scorecard.rubric import read_rubric
from tests.conftest import PROJECT
from tests.lab.scorecard.page_cards import BROKEN, CARD


def test_a_candidates_copy_is_written_only_when_a_contact_is_given(tmp_path: Path) -> None:
    copy = tmp_path / CANDIDATES_PAGE
    write_page(CARD, tmp_path, None)
    assert not copy.exists()
    write_page(CARD, tmp_path, None, contact="")
    assert CONTACT in copy.read_text(encoding="utf-8")
    write_page(CARD, tmp_path, None, contact="Ms Hopper")
    assert "Ms Hopper" in copy.read_text(encoding="utf-8")


def test_a_card_has_the_lines_of_its_own_rubric_beside_evidence_and_no_marks(tmp_path: Path) -> None:
    rubric = read_rubric(Library(PROJECT).rubric)
    assert rubric is not None
    for card in (CARD, BROKEN):
        write_page(replace(card, rubric=rubric.digest), tmp_path, rubric)
        page = (tmp_path / PAGE).read_text(encoding="utf-8")
        assert all(line.title in page for line in rubric.lines)
        for target in re.findall(r'href="#([^"]+)"', page):
            assert f'id="{target}"' in page
    write_page(replace(CARD, rubric="of another"), tmp_path, rubric)
    assert rubric.lines[0].title not in (tmp_path / PAGE).read_text(encoding="utf-8")
