"""The files about all cards of a folder."""

import csv
import re
from pathlib import Path
from urllib.parse import unquote

from lab.files import write_atomic
from lab.json_files import to_json
from lab.operations.batch import INDEX, LOG, TABLE, write_overview
from lab.operations.pages import PAGE, write_page
from lab.scorecard.card_file import CARD as FILE
from lab.scorecard.formats.table import EARLIER
from tests.lab.scorecard.page_cards import BROKEN, CARD


def test_table_and_page_list_every_card_and_each_link_leads_to_a_page(
    tmp_path: Path,
) -> None:
    folders = [tmp_path / "a b & c", tmp_path / "broken"]
    for card, folder in zip((CARD, BROKEN), folders, strict=True):
        write_atomic(folder / FILE, to_json(card).encode())
        write_page(card, folder, None)
    other = tmp_path / "other"
    write_atomic(other / FILE, b"{}")
    write_overview(tmp_path)
    links = re.findall(r'href="([^"#]+)"', (tmp_path / INDEX).read_text(encoding="utf-8"))
    assert [tmp_path / unquote(link) for link in links] == [folder / PAGE for folder in folders]
    assert all((tmp_path / unquote(link)).is_file() for link in links)
    rows = list(csv.DictReader((tmp_path / TABLE).read_text().splitlines()))
    assert [bool(row["problem"]) for row in rows] == [False, True, True]
    assert (rows[2]["submission"], rows[2]["not graded"]) == ("other", "machine")
    assert "Its card cannot be read" in rows[2]["problem"]


def test_a_card_of_an_earlier_run_is_marked_as_that(tmp_path: Path) -> None:
    write_atomic(tmp_path / "ada" / FILE, to_json(CARD).encode())
    for failed in (False, True):
        if failed:
            (tmp_path / "ada" / LOG).touch()
        write_overview(tmp_path)
        (row,) = csv.DictReader((tmp_path / TABLE).read_text().splitlines())
        assert ("an earlier one" in row["problem"]) == failed
        assert ("(of an earlier run)" in (tmp_path / INDEX).read_text(encoding="utf-8")) == failed


def test_a_copy_of_a_folder_is_marked_by_its_own_log(tmp_path: Path) -> None:
    for name in ("ada", "copy"):
        write_atomic(tmp_path / name / FILE, to_json(CARD).encode())
    (tmp_path / "copy" / LOG).touch()
    write_overview(tmp_path)
    rows = list(csv.DictReader((tmp_path / TABLE).read_text().splitlines()))
    assert [row["submission"] for row in rows] == [CARD.submission.name] * 2
    assert [row["problem"] for row in rows] == [CARD.problem, EARLIER]
