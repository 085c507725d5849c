"""The candidate's copy: reports and what is seen now, and nothing that gives an answer or a mark away."""

import json
import re
from dataclasses import replace

import pytest

from lab.json_files import to_json
from lab.probing.contract.results import Beside
from lab.probing.evidence import Verdict
from lab.scorecard.card import Card
from lab.scorecard.for_candidate import CONTACT, candidate_page, for_candidate
from tests.lab.scorecard.page_cards import BROKEN, CARD, NOT_HERE, hostile
from tests.lab.scorecard.reading import Page
from tests.measuring import fix

NUMBERS = [bug.number for bug in CARD.bugs]


def told(number: int) -> list[str]:
    """What would give the fix away: title, slug, hints, what it makes, and each sentence of its guide."""
    found = fix(number)
    guide = (found.folder / "guide.md").read_text(encoding="utf-8")
    sentences = [part.strip() for part in re.split(r"(?<=[.!?])\s|\n\n|^#+ ", guide, flags=re.M)]
    long = [" ".join(part.split()) for part in sentences if len(part) > 25]
    return [found.title, found.slug, *found.hints, *long]


@pytest.mark.parametrize("number", NUMBERS)
def test_it_has_no_word_of_a_fix_and_no_figure_or_reason(number: int) -> None:
    seen = Page(candidate_page(CARD)).text + to_json(for_candidate(CARD))
    bug = next(one for one in CARD.bugs if one.number == number)
    words = [*told(number), bug.why, *(figure.name for figure in bug.figures)]
    assert [word for word in words if word in seen] == []
    assert bug.symptom in seen


@pytest.mark.parametrize("verdict", Verdict)
def test_no_verdict_is_named_and_a_masked_bug_looks_like_one_that_is_present(verdict: Verdict) -> None:
    bugs = tuple(replace(one, verdict=verdict, given=False) for one in CARD.bugs)
    source = candidate_page(replace(CARD, bugs=bugs, review=None, timeline=(), commits=()))
    assert [word for word in Verdict if re.search(rf"\b{word}\b", source.partition("</style>")[2])] == []


def test_a_masked_and_a_present_bug_give_the_same_copy() -> None:
    def copy(verdict: Verdict) -> str:
        bugs = tuple(replace(one, verdict=verdict, given=False) for one in CARD.bugs)
        return candidate_page(replace(CARD, bugs=bugs))

    assert copy(Verdict.MASKED) == copy(Verdict.PRESENT)


def test_notes_for_the_interviewer_are_left_out() -> None:
    beside = replace(CARD.beside or Beside(), notes=("It is odd.",))
    seen = candidate_page(replace(CARD, beside=beside))
    assert "It is odd." not in seen
    assert CARD.notes[0] not in seen


def test_the_words_are_neutral() -> None:
    text = Page(candidate_page(CARD)).text.lower()
    assert re.search(r"\b(wrong with|fail(ed|ure)?|bugs?|broken?|fault|error|bad|poor)\b", text) is None
    assert "not yet solved" in text
    assert "the repair was given to you" in text
    assert "2 hints given" in text


def test_it_says_whom_to_ask_for_a_correction() -> None:
    assert f"ask {CONTACT} to correct it" in Page(candidate_page(CARD)).text
    assert "ask Ms Hopper <b> to correct it" in Page(candidate_page(CARD, "Ms Hopper <b>")).text


def test_what_does_not_work_any_more_and_remarks_on_the_migrations_are_their_own_work() -> None:
    text = Page(candidate_page(CARD)).text
    assert "before liquid_handler now (no such member)" in text.replace("where devices[0].type ", "")
    assert "migrations/versions/0003_search.py:14" in text
    assert "List workflows in three statements" in text


@pytest.mark.parametrize("card", [BROKEN, NOT_HERE], ids=["broken", "not here"])
def test_a_submission_that_was_not_measured_gets_a_copy(card: Card) -> None:
    text = Page(candidate_page(card)).text
    assert ("nothing to do with your work" in text) == card.environment
    assert (card.problem in text) != card.environment


def test_nothing_of_the_card_that_is_the_interviewers_is_in_the_data() -> None:
    keys = json.loads(to_json(for_candidate(hostile()))).keys()
    assert keys.isdisjoint({"bugs", "notes", "handout", "judgement", "rubric", "library", "machine"})
