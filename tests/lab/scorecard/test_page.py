"""A card as a page: all of it is there, nothing of it is code, and it is never large."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.probing.evidence import Verdict
from lab.scorecard.batch_page import Entry, batch_page
from lab.scorecard.card import BugCard, Card, TimeCard
from lab.scorecard.for_candidate import candidate_page
from lab.scorecard.page import MOST, card_page
from lab.scorecard.rubric_view import RubricView
from tests.lab.scorecard.page_cards import BROKEN, CARD, NOT_HERE, RUBRIC, hostile
from tests.lab.scorecard.reading import Page

ALLOWED = {
    *(
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "main",
        "header",
        "footer",
        "section",
        "article",
        "nav",
    ),
    *("h1", "h2", "h3", "p", "ul", "ol", "li", "dl", "dt", "dd", "div", "span", "a", "code", "pre"),
    *("table", "thead", "tbody", "tr", "th", "td", "details", "summary"),
    *("svg", "symbol", "use", "path", "rect", "circle"),
    *("form", "select", "option", "button"),
}
WORKING = re.compile(r"^(on|style$|src|action$|formaction$)")
"""Attributes that could run or load something."""


def pages(card: Card) -> list[str]:
    return [card_page(card, RUBRIC), candidate_page(card), batch_page([Entry(card, "folder")])]


def harmless(source: str) -> bool:
    """Whether the page has our elements alone, no attribute that works, and no address but its own files."""
    page = Page(source)
    links = page.values("href")
    names = {name for _, found in page.elements for name in found}
    return (
        page.tags <= ALLOWED
        and not [name for name in names if WORKING.match(name)]
        and all(link.startswith("#") or re.fullmatch(r"([^:/]+/)?card\.(html|json)", link) for link in links)
        and not re.search(r"url\(|@import", source.partition("</style>")[0])
    )


@pytest.mark.parametrize(
    "card",
    [CARD, BROKEN, NOT_HERE, hostile(), hostile(60)],
    ids=["full", "broken", "not here", "hostile", "60 times"],
)
def test_no_text_of_a_submission_becomes_code(card: Card) -> None:
    for source in pages(card):
        assert harmless(source)
        assert "\u202e" not in source
        assert "\x1b" not in source
        assert "49" not in Page(source).text  # an expression of a template is not worked out


@settings(max_examples=20)
@given(st.text(), st.text(), st.sampled_from(Verdict))
def test_any_text_is_shown_as_text(name: str, why: str, verdict: Verdict) -> None:
    bug = BugCard(1, "t", "s", verdict, why, None, ())
    card = replace(CARD, submission=replace(CARD.submission, name=name), bugs=(bug,))
    for source in pages(card):
        assert harmless(source)
        source.encode()


def test_a_name_that_is_no_unicode_has_a_page_and_a_link() -> None:
    card = replace(CARD, submission=replace(CARD.submission, name="a\udcff"))
    assert r"a\udcff" in Page(card_page(card)).text
    assert "a%FF/card.html" in Page(batch_page([Entry(card, "a\udcff")])).values("href")


def test_each_page_says_that_nothing_may_be_loaded_or_run() -> None:
    for source in pages(CARD):
        (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', source)
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "unsafe" not in policy


@pytest.mark.parametrize("times", [1, 30, 1000])
def test_a_page_stays_small_however_much_there_is(times: int) -> None:
    for source in pages(hostile(times))[:2]:
        assert len(source.encode()) <= MOST


def test_what_is_not_shown_is_counted() -> None:
    long = replace(CARD, timeline=CARD.timeline * 250)
    assert "and 903 more in card.json" in Page(card_page(long)).text


def test_every_verdict_has_its_word_why_and_figures_with_limits() -> None:
    text = Page(card_page(CARD)).text
    for bug in CARD.bugs:
        assert bug.title in text
        assert bug.symptom in text
        assert bug.why in text
        assert all(figure.name in text for figure in bug.figures)
    assert "29,881 27,546 108 %" in text
    assert "4 1 4.0 ×" in text
    assert "blocked by 3" in text
    assert "2 hints given" in text


def test_what_was_given_stands_in_place_of_its_verdict() -> None:
    page = card_page(CARD)
    second = page.partition('id="bug-2"')[2].partition("</article>")[0]
    assert ">given<" in re.sub("<svg.*?</svg>", "", second)
    assert "fixed" not in second


def test_what_broke_stands_apart_from_what_was_wrong_with_the_way_there() -> None:
    apart = card_page(CARD).partition('id="broke"')[2].partition("</section>")[0]
    assert "bug" not in Page(apart).text.removeprefix("> What it broke beside the bugs")
    for one in CARD.beside.regressions if CARD.beside else ():
        assert one.expected in apart
        assert one.actual in apart
    assert "1 request that leads there" in apart


def test_a_finding_has_its_place_its_basis_and_the_safer_code() -> None:
    text = Page(card_page(CARD)).text
    assert "problem lock-held-while-working measured migrations/versions/0003_search.py:14" in text
    assert "CREATE INDEX CONCURRENTLY by_start ON execution_logs" in text
    assert "problem, waived data-lost" in text


@pytest.mark.parametrize(
    ("time", "said"),
    [
        (TimeCard(5940.0, within=True), "within the time of this handout"),
        (TimeCard(9999.0, within=False), "longer than the time of this handout"),
        (None, "not known"),
    ],
)
def test_the_time_is_a_word_and_never_tells_what_was_allowed(time: TimeCard | None, said: str) -> None:
    for source in pages(replace(CARD, time=time))[:2]:
        text = Page(source).text
        assert f"Time used {said}" in text
        assert re.search(r"135|5,?940|9,?999|\bminutes?\b|15:\d\d", text) is None


@pytest.mark.parametrize("time", [float("nan"), float("inf"), 1e300, -1e300])
def test_a_time_that_is_none_breaks_no_page(time: float) -> None:
    assert "unknown" in card_page(replace(CARD, at=time))


def test_a_card_of_a_submission_that_was_not_graded_says_whose_fault_it_is() -> None:
    broken, not_here = Page(card_page(BROKEN)).text, Page(card_page(NOT_HERE)).text
    assert "cannot be graded" in broken
    assert BROKEN.problem in broken
    assert "That says nothing of the candidate" in not_here
    assert "That says nothing of the candidate" not in broken


def test_a_rubric_shows_the_evidence_and_both_raters_beside_each_line() -> None:
    source = card_page(CARD, RUBRIC)
    page = Page(source)
    text = page.text.partition("Rubric Marks are")[2]
    assert "B. Liskov mixed Found the two reads" in text
    assert "E. Dijkstra good" in text
    assert text.count("not marked yet") == 2
    assert {"#bug-3", "#bug-5"} <= page.values("href")
    targets = {link.removeprefix("#") for link in page.values("href") if link.startswith("#")}
    assert targets <= page.values("id")


def test_without_marks_a_line_is_not_marked_yet() -> None:
    unmarked = RubricView(tuple(replace(line, marks=()) for line in RUBRIC.lines))
    assert Page(card_page(CARD, unmarked)).text.count("not marked yet") == 2


def test_the_page_gives_no_total_and_no_rank() -> None:
    for source in pages(CARD):
        text = (
            Page(source)
            .text.lower()
            .replace("there is no total and no rank", "")
            .replace("without a rank", "")
        )
        assert (
            re.search(r"\b(total|score|points?|rank(ed)?|average|passed|grade [a-f]|\d of 7)\b", text) is None
        )


def test_figures_of_the_shipped_code_are_drawn_beside_the_measured_ones() -> None:
    source = card_page(CARD)
    assert "457 3 5 60 %" in Page(source).text
    assert 'class="before"' in source
    without = replace(CARD, bugs=tuple(replace(bug, before=()) for bug in CARD.bugs))
    assert 'class="before"' not in card_page(without)
