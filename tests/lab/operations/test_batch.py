"""The files about all cards of a folder."""

import csv
import re
from pathlib import Path
from urllib.parse import unquote

from lab.files import write_atomic
from lab.json_files import to_json
from lab.operations.batch import INDEX, TABLE, write_overview
from lab.operations.pages import PAGE, write_page
from lab.scorecard.card_file import CARD as FILE
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
    assert [tmp_path / unquote(link) for link in links] == [*(one / PAGE for one in folders), other / PAGE]
    assert all((tmp_path / unquote(link)).is_file() for link in links[:2])
    rows = list(csv.DictReader((tmp_path / TABLE).read_text().splitlines()))
    assert [bool(row["problem"]) for row in rows] == [False, True, True]
    assert (rows[2]["submission"], rows[2]["not graded"]) == ("other", "machine")
    assert "Its card cannot be read" in rows[2]["problem"]
