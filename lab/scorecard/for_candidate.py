"""What a candidate may see of their card: reports and what is seen now, no cause, no figure, no mark."""

from dataclasses import dataclass

from lab.probing.contract.results import Regression
from lab.probing.evidence import Verdict
from lab.review.finding import Finding
from lab.scorecard.card import BugCard, Card, MigrationCard
from lab.scorecard.page import RecordLine, fitted, records
from lab.scorecard.states import TIMES, time_used

CONTACT = "the person who gave you the handout"

SOLVED, NOT_YET = ("solved", "check"), ("not yet solved", "dash")
STATES = {
    Verdict.FIXED: SOLVED,
    Verdict.MASKED: NOT_YET,
    Verdict.PRESENT: NOT_YET,
    Verdict.BLOCKED: ("not tried: another report comes first", "gaps"),
    Verdict.UNMEASURED: ("could not be measured", "gaps"),
}
"""What is seen of a report, and the name of the shape beside it."""

GIVEN = ("the repair was given to you", "diamond")


@dataclass(frozen=True, slots=True)
class Report:
    """A report of the brief: its number, the symptom, and what is seen of it now."""

    number: int
    symptom: str
    state: str
    shape: str
    hints: int


@dataclass(frozen=True, slots=True)
class CandidateCard:
    """A card without what is the interviewer's: titles and reasons of bugs, figures, notes and marks.

    `problem` and `environment` are those of the card. `compared` is the number of requests that were
    compared with what the services answered before; 0 if none could be.
    """

    name: str
    digest: str
    at: float
    lab: str
    time: str
    has_time: bool
    problem: str
    environment: bool
    reports: tuple[Report, ...]
    compared: int
    regressions: tuple[Regression, ...]
    migrations: tuple[MigrationCard, ...]
    findings: tuple[Finding, ...]
    records: tuple[RecordLine, ...]


def for_candidate(card: Card) -> CandidateCard:
    """Return what a candidate may see of the card."""
    beside, review = card.beside, card.review
    return CandidateCard(
        card.submission.name,
        card.submission.digest,
        card.at,
        card.lab,
        TIMES[time_used(card.time)],
        card.time is not None,
        card.problem,
        card.environment,
        tuple(map(_report, card.bugs)),
        beside.requests if beside and not beside.problem else 0,
        beside.regressions if beside else (),
        review.migrations if review else (),
        review.findings if review else (),
        tuple(records(card)),
    )


def candidate_page(card: Card, contact: str = "") -> str:
    """Return the candidate's copy as a page. `contact` says whom to ask for a correction."""
    seen = for_candidate(card)
    values = {"card": seen, "time": seen.time, "contact": contact or CONTACT, "for_candidate": True}
    return fitted("candidate.html.j2", values)


def _report(bug: BugCard) -> Report:
    state, shape = GIVEN if bug.given else STATES[bug.verdict]
    return Report(bug.number, bug.symptom, state, shape, bug.hints)
