"""All cards on one page: by name, filtered without a script, and nothing that ranks."""

import re

from lab.scorecard.batch_page import Entry, batch_page
from tests.lab.scorecard.page_cards import BROKEN, CARD, NOT_HERE, many
from tests.lab.scorecard.reading import Page


def page(count: int = 40) -> str:
    return batch_page([Entry(card, card.submission.name) for card in reversed(many(count))])


def rows(source: str) -> list[str]:
    return re.findall(r"<tr data-.*?</tr>", source, re.DOTALL)


def test_the_rows_are_by_name_whatever_order_they_come_in() -> None:
    names = [Page(row).texts[0] for row in rows(page())]
    assert names == [f"candidate {number:03}" for number in range(40)]


def test_each_row_has_a_verdict_for_each_bug_and_what_broke_apart_from_them() -> None:
    (row,) = rows(batch_page([Entry(CARD, "ada")]))
    assert (
        Page(row).text
        == "ada fixed given present fixed masked not measured blocked by 3 2 1 problem within yes"
    )


def test_one_that_the_machine_could_not_grade_is_told_from_one_that_is_broken() -> None:
    broken, grace = rows(batch_page([Entry(BROKEN, "broken"), Entry(NOT_HERE, "grace")]))
    assert f"Cannot be graded. {BROKEN.problem}" in Page(broken).text
    assert f"Not graded here. {NOT_HERE.problem}" in Page(grace).text


def test_every_value_of_a_row_can_be_chosen_and_has_its_rule() -> None:
    source = page()
    chosen = set(re.findall(r'main:has\(#(\w+) option\[value="(\w*)"\]:checked\)', source))
    values = {(key, value) for row in rows(source) for key, value in re.findall(r'data-(\w+)="([^"]*)"', row)}
    assert {pair for pair in values if pair[1]} <= chosen
    lists = set(Page(source).values("id"))
    assert {key for key, _ in chosen} <= lists


def test_every_row_leads_to_its_card() -> None:
    assert 'href="a%20b%26/card.html"' in batch_page([Entry(CARD, "a b&")])


def test_a_page_of_no_card_is_a_page() -> None:
    assert "0 submissions" in Page(batch_page([])).text
