"""The summary: tables that hold together whatever the texts are, and never over GitHub's limit."""

from dataclasses import replace

from hypothesis import given, settings
from markdown_it import MarkdownIt
from markdown_it.token import Token

from lab.probing.contract.results import Beside, Regression
from lab.review.finding import Basis, Finding
from lab.scorecard.card import Card, ReviewCard
from lab.scorecard.formats.summary import CUT, MOST_BYTES, summary
from lab.scorecard.outcomes import outcomes
from tests.lab.scorecard.cards import EMPTY, EVERY, FAILED, cards

MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def tokens(text: str) -> list[Token]:
    """All tokens, with those within a line."""
    return [inner for token in MARKDOWN.parse(text) for inner in (token, *(token.children or ()))]


def words(text: str) -> str:
    """The text with one space where there are several, or a line break."""
    return " ".join(text.split())


def rows(found: list[Token]) -> list[list[str]]:
    """What a reader sees in each row of the tables, without their heads: the text of each cell."""
    bodies: list[list[str]] = []
    for at, token in enumerate(found):
        if token.type == "tr_open":
            bodies.append([])
        elif token.type == "td_open":
            inner = found[at + 1].children or ()
            bodies[-1].append(
                words("".join(" " if one.type == "html_inline" else one.content for one in inner))
            )
    return [row for row in bodies if row]


def test_each_verdict_is_in_a_row_with_its_figures() -> None:
    text = summary(EVERY)
    assert "Fixed: 1. Masked: 2. Present: 3. Blocked: 4. Unmeasured: 5. Given: 6." in text
    assert "| 🟠 | 2. Title 2 | masked | Seen 2.<br>slowest: 7.5 ms (at most 5 ms) |" in text
    assert (
        "| ✅ | nothing else broken | nothing | 1,234 requests were answered as by the reference. |" in text
    )


def test_findings_that_are_no_problems_are_listed_apart() -> None:
    finding = Finding("data-lost", "f.py", 4, Basis.MEASURED, "5 rows are gone.", waived="a backup")
    text = summary(replace(EVERY, review=ReviewCard((finding,))))
    assert "- data-lost (problem, waived): f.py:4: 5 rows are gone." in text


def test_a_card_that_could_not_be_graded_says_whose_fault_it_is() -> None:
    assert "**Not graded.** It is empty.\n" in summary(EMPTY)
    assert "The grading machine failed: that says nothing about the work." in summary(FAILED)


def test_a_large_summary_is_cut_between_two_lines_and_points_to_the_card() -> None:
    notes = tuple(f"{number} {'é' * 1990}" for number in range(1000))
    text = summary(replace(EVERY, notes=notes))
    assert MOST_BYTES - 5000 < len(text.encode()) <= MOST_BYTES
    assert text.endswith(CUT)
    assert text.removesuffix(CUT).rstrip("\n").endswith("é")


def test_a_name_of_a_submission_makes_no_link_no_mention_and_no_markup() -> None:
    hostile = "[a](http://b) @ada <b>www.example.org</b> `c` **d**"
    card = replace(EVERY, submission=replace(EVERY.submission, name=hostile))
    heading = MARKDOWN.parse(summary(card))[1]
    assert heading.content.startswith("\\[a\\]")
    assert "".join(child.content for child in heading.children or ()) == hostile
    for raw in ("@ada", "http://", "www.", "<b>"):
        assert raw not in summary(card).replace(f"\\{raw}", "")


def test_the_requests_of_a_regression_are_told() -> None:
    broken = Regression("GET /a", "GET /a", "", "200", "500", ("POST /b", "GET /a"))
    assert "POST /b<br>GET /a" in summary(replace(EVERY, beside=Beside(2, (broken,))))


@settings(max_examples=15, deadline=None)
@given(cards)
def test_any_card_has_a_row_for_each_outcome_and_no_markup_of_its_own(card: Card) -> None:
    text = summary(card)
    found = tokens(text)
    kinds = {token.type for token in found}
    strong = set() if card.problem else {"strong_open"}  # its only one is ours
    assert not kinds & {"link_open", "image", "em_open", "s_open", *strong}
    assert not kinds & {"html_block", "fence", "code_block", "blockquote_open", "hr", "ordered_list_open"}
    assert {token.content for token in found if token.type == "html_inline"} <= {"<br>"}
    if not card.problem:
        expected = [[one.name, one.word, "\n".join((one.why, *one.details))] for one in outcomes(card)]
        assert [row[1:] for row in rows(found)] == [[*map(words, row)] for row in expected]
    text.encode()
