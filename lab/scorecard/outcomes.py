"""A card as a list of outcomes: one for each bug, for what else broke, and for the migrations.

All formats are made from it, so that they say the same. Every text in it is short and printable: the texts of
a card come from a candidate's code, and a format must hold them whatever they are.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from lab.probing.evidence import Verdict
from lab.scorecard.card import BugCard, Card
from lab.scorecard.figure_text import figure_text
from lab.scorecard.states import NONE
from lab.sentences import counted, printable, sentence

MOST = 100
"""Outcomes of one kind: what is beyond is counted."""

LONGEST = 2000
"""Characters of a text."""

MOST_DETAILS = 100
BESIDE = "nothing else broken"
MIGRATIONS = "migrations"


class Kind(StrEnum):
    """What an outcome is of. `grading` is that of a card which could not be graded, its only one."""

    BUG = "bugs"
    BESIDE = BESIDE
    MIGRATION = MIGRATIONS
    GRADING = "grading"


class State(StrEnum):
    """What is said of it.

    good, masked, bad: it counts. skipped: nothing was measured, for a reason in the submission. given: its
    fix was given to the candidate. unknown: the environment failed. unusable: the submission is no work.
    """

    GOOD = "good"
    MASKED = "masked"
    BAD = "bad"
    SKIPPED = "skipped"
    GIVEN = "given"
    UNKNOWN = "unknown"
    UNUSABLE = "unusable"


STATES = {
    Verdict.FIXED: State.GOOD,
    Verdict.MASKED: State.MASKED,
    Verdict.PRESENT: State.BAD,
    Verdict.BLOCKED: State.SKIPPED,
    Verdict.UNMEASURED: State.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One line of a report.

    `number` is the bug's, 0 for others. `word` is the verdict in one or two words. `why` is a sentence, and
    `details` are lines: figures, requests, a place. `file` and `line` say where, if that is known.
    """

    kind: Kind
    name: str
    state: State
    word: str
    why: str
    details: tuple[str, ...] = ()
    number: int = 0
    symptom: str = ""
    file: str = ""
    line: int = 0

    @property
    def text(self) -> str:
        """The sentence and the details, in lines."""
        return "\n".join((self.why, *self.details))


def outcomes(card: Card) -> tuple[Outcome, ...]:
    """Return the outcomes of a card: of its bugs, in their order, of what else broke, of its migrations."""
    if card.problem:
        state = State.UNKNOWN if card.environment else State.UNUSABLE
        word = "not graded here" if card.environment else "cannot be graded"
        return (Outcome(Kind.GRADING, "graded", state, word, shown(card.problem)),)
    return (*map(_bug, card.bugs), *_beside(card), *_migrations(card))


def shown(text: str, longest: int = LONGEST) -> str:
    """Return the text cut to so many characters; all that is not printable is escaped, but line breaks."""
    cut = text if len(text) <= longest else f"{text[: longest - 1]}…"
    return "\n".join(map(printable, cut.split("\n")))


def in_one_line(text: str, longest: int = LONGEST) -> str:
    """Return the text as `shown`, in one line."""
    return shown(" ".join(text.split("\n")), longest)


def moment(at: float) -> str:
    """Return a Unix time as ISO 8601 in UTC, to the second; empty if it is none."""
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return ""


def _bug(bug: BugCard) -> Outcome:
    by = f" by {bug.blocked_by}" if bug.blocked_by is not None else ""
    details = [in_one_line(figure_text(figure), 200) for figure in bug.figures[:MOST_DETAILS]]
    if bug.hints:
        details.append(f"Hints given: {bug.hints}.")
    given = "Its fix was given to the candidate. " if bug.given else ""
    return Outcome(
        Kind.BUG,
        in_one_line(f"{bug.number}. {bug.title}", 200),
        State.GIVEN if bug.given else STATES[bug.verdict],
        "given" if bug.given else f"{bug.verdict}{by}",
        given + shown(bug.why),
        tuple(details),
        bug.number,
        shown(bug.symptom),
    )


def _beside(card: Card) -> Iterator[Outcome]:
    """Yield an outcome for each regression, or one that says that there is none or why it is not known."""
    beside = card.beside
    if beside is None:
        return
    for one in beside.regressions[:MOST]:
        name = in_one_line(f"{BESIDE}: {one.route}", 200)
        details = [in_one_line(request, 300) for request in one.requests[:MOST_DETAILS]]
        yield _broken(
            Kind.BESIDE, name, shown(str(one)), ("Requests that lead there:", *details) if details else ()
        )
    if (more := len(beside.regressions) - MOST) > 0:
        yield _broken(Kind.BESIDE, BESIDE, f"{more} more regressions are in card.json.")
    if beside.problem:
        why = f"It could not all be compared: {sentence(shown(beside.problem))}"
        yield Outcome(Kind.BESIDE, BESIDE, State.UNKNOWN, "unknown", why)
    elif not beside.regressions:
        why = f"{beside.requests:,} requests were answered as by the reference."
        yield Outcome(Kind.BESIDE, BESIDE, State.GOOD, "nothing", why)


def _migrations(card: Card) -> Iterator[Outcome]:
    """Yield an outcome for each problem, or one that says that there is none or why it is not known."""
    review = card.review
    if review is None:
        return
    problems = [finding for finding in review.findings if finding.counts]
    for one in problems[:MOST]:
        name = in_one_line(f"{MIGRATIONS}: {one.id}", 200)
        place = (in_one_line(one.place, 300),) if one.place else ()
        yield _broken(
            Kind.MIGRATION, name, shown(one.seen), place, in_one_line(one.file, 300), max(one.line, 0)
        )
    if (more := len(problems) - MOST) > 0:
        yield _broken(Kind.MIGRATION, MIGRATIONS, f"{more} more problems are in card.json.")
    if review.problem:
        why = f"They could not be reviewed: {sentence(shown(review.problem))}"
        yield Outcome(Kind.MIGRATION, MIGRATIONS, State.UNKNOWN, "unknown", why)
    elif not problems and not review.migrations:
        yield Outcome(Kind.MIGRATION, MIGRATIONS, State.SKIPPED, NONE, "There is no migration to review.")
    elif not problems:
        why = f"No problem in {counted(len(review.migrations), 'migration')}."
        yield Outcome(Kind.MIGRATION, MIGRATIONS, State.GOOD, "good", why)


def _broken(
    kind: Kind, name: str, why: str, details: tuple[str, ...] = (), file: str = "", line: int = 0
) -> Outcome:
    word = "regression" if kind is Kind.BESIDE else "problem"
    return Outcome(kind, name, State.BAD, word, why, details, file=file, line=line)
