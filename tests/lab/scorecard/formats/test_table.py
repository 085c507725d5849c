"""The table of a batch: by name, a column for each bug, nothing that a spreadsheet runs."""

import csv
import io
import re
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from lab.probing.contract.results import Beside
from lab.probing.evidence import Verdict
from lab.scorecard.batch_page import Entry, batch_page
from lab.scorecard.card import Card, ReviewCard, SubmissionCard
from lab.scorecard.formats.table import FORMULA, table
from tests.lab.scorecard.cards import EMPTY, EVERY, bug, card, cards


def rows(*graded: Card) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(table(graded)), strict=True))


def test_cards_are_listed_by_name_with_their_verdicts() -> None:
    first = replace(card(bug(3, Verdict.MASKED)), submission=SubmissionCard("zoe", "d"))
    found = rows(first, EVERY, replace(EMPTY, submission=SubmissionCard("bob", "")))
    assert [row["submission"] for row in found] == ["ada", "bob", "zoe"]
    assert (found[0]["bug 6"], found[0]["bug 3"]) == ("given", "present")
    assert (found[1]["problem"], found[1]["bug 3"]) == ("It is empty.", "")
    assert (found[2]["bug 3"], found[2]["regressions"], found[2]["migration problems"]) == (
        "masked",
        "0",
        "0",
    )


def test_what_is_not_known_is_not_0() -> None:
    (row,) = rows(replace(EVERY, beside=Beside(problem="p"), review=ReviewCard(problem="p")))
    assert (row["regressions"], row["migration problems"]) == ("unknown", "unknown")


def test_a_name_is_no_formula() -> None:
    for name in ("=1+1", "@SUM(1)", " \n-1", "+1"):
        (row,) = rows(replace(EVERY, submission=SubmissionCard(name, "d")))
        assert row["submission"].startswith("'")


@settings(max_examples=10, deadline=None)
@given(st.lists(cards, max_size=3))
def test_any_cards_have_a_row_each_and_no_formula(graded: list[Card]) -> None:
    table(graded).encode()
    found = rows(*graded)
    assert len(found) == len(graded)
    assert not any(value.lstrip().startswith(FORMULA) for row in found for value in row.values())


def test_a_text_is_no_formula_where_semicolons_part_the_cells() -> None:
    (row,) = rows(replace(EVERY, submission=SubmissionCard("a;=cmd|'  calc'!A0;\"+1;b=c", "d")))
    assert row["submission"] == "a;'=cmd|'  calc'!A0;\"'+1;b=c"


def test_no_migration_is_neither_good_nor_0_problems() -> None:
    without = replace(EVERY, review=ReviewCard())
    (row,) = csv.DictReader(io.StringIO(table([without])))
    assert row["migration problems"] == "none"
    page = batch_page([Entry(without, "ada")])
    assert re.findall('<tr[^>]* data-migrations="(.*?)"', page) == ["none"]
