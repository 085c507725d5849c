"""Beside a line of the rubric are the facts of the card that its kinds of evidence name, cut and escaped."""

from dataclasses import replace

from lab.probing.contract.results import Beside
from lab.probing.evidence import Verdict
from lab.scorecard.card import Card, CommandCard, CommitCard, ReviewCard
from lab.scorecard.evidence_for import LONGEST, MOST, EvidenceText, evidence_for
from lab.scorecard.rubric import Kind, Line
from tests.lab.scorecard.test_card import BUG, EMPTY, FULL


def line(*kinds: Kind, bugs: tuple[int, ...] = ()) -> Line:
    return Line("a", "Repair", "t", "q?", {}, bugs, kinds)


def texts(card: Card, *kinds: Kind, bugs: tuple[int, ...] = ()) -> list[str]:
    return [one.text for one in evidence_for(line(*kinds, bugs=bugs), card)]


def test_a_card_has_texts_of_every_kind_in_the_order_of_the_line() -> None:
    assert evidence_for(line(*Kind), FULL) == (
        EvidenceText("Bug 3, t: fixed. It is. (n: 2 ms (at most 5 ms); m: 1)", "bug-3"),
        EvidenceText("Beside the bugs, 1 answer has changed.", "broke"),
        EvidenceText("GET /a: expected 200, got 500", "broke"),
        EvidenceText("Problem: data-lost, migrations/versions/0003.py:4. 5 rows are gone.", "migrations"),
        EvidenceText("Migration 0003, m: ran for 0.1 s.", "migrations"),
        EvidenceText("By the candidate's own record, 1 command of lab: lab up.", "record"),
        EvidenceText("The first of them: lab up.", "record"),
        EvidenceText("Commit: Book in one statement", "record"),
        EvidenceText("No help was recorded."),
    )


def test_a_line_has_the_verdicts_and_the_help_of_its_own_bugs_only() -> None:
    other = replace(BUG, number=4, verdict=Verdict.MASKED, given=True, hints=2)
    card = replace(FULL, bugs=(BUG, other))
    assert texts(card, Kind.VERDICTS, Kind.HELP, bugs=(4,)) == [
        "Bug 4, t: masked, with the fix that was given. It is. (n: 2 ms (at most 5 ms); m: 1)",
        "Bug 4: the fix was given.",
        "Bug 4: 2 hints given.",
    ]
    assert texts(card, Kind.VERDICTS, bugs=(7,)) == ["None of this line's bugs was in the handout."]


def test_a_card_without_measurements_has_nothing_to_say_of_them() -> None:
    kinds = (Kind.VERDICTS, Kind.REGRESSIONS, Kind.FINDINGS, Kind.MIGRATIONS, Kind.TIMELINE, Kind.HELP)
    assert texts(EMPTY, *kinds, bugs=(7,)) == []


def test_what_could_not_be_compared_or_reviewed_is_said() -> None:
    card = replace(FULL, beside=Beside(0, (), "It did not start."), review=ReviewCard(problem="No head."))
    assert texts(card, Kind.REGRESSIONS, Kind.FINDINGS, Kind.MIGRATIONS) == [
        "Beside the bugs, not all could be compared: It did not start.",
        "The migrations could not be reviewed: No head.",
    ]
    good = replace(FULL, beside=Beside(50), review=replace(FULL.review or ReviewCard(), findings=()))
    assert texts(good, Kind.REGRESSIONS, Kind.FINDINGS) == [
        "Beside the bugs, 50 requests were answered as before.",
        "The review of the migrations has found nothing.",
    ]


def test_texts_of_a_candidate_are_cut_counted_and_cannot_change_a_terminal() -> None:
    commits = tuple(CommitCard(f"\x1b[31m{number}" + "x" * 400, 1.0) for number in range(MOST + 5))
    commands = tuple(CommandCard(("logs", "\x07"), 0, 1.0) for _ in range(500))
    found = texts(replace(FULL, commits=commits, timeline=commands), Kind.COMMITS, Kind.TIMELINE)
    assert len(found) == MOST + 1 + 2
    assert found[MOST] == "5 more of this kind are on the card."
    assert all(len(text) <= LONGEST and text.isprintable() for text in found)
    assert "500 commands of lab: lab logs 500 times." in found[-2]
