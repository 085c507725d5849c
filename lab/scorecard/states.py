"""The words of a page: the state of a bug and its shape, the time used, what else broke, the migrations."""

from dataclasses import dataclass, replace

from lab.probing.evidence import Verdict
from lab.scorecard.card import BugCard, Card, TimeCard
from lab.sentences import counted

WITHIN, LONGER, UNKNOWN = "within", "longer", "unknown"
NOTHING, GOOD, NONE = "nothing", "good", "none"

TIMES = {
    WITHIN: "within the time of this handout",
    LONGER: "longer than the time of this handout",
    UNKNOWN: "not known",
}


@dataclass(frozen=True, slots=True)
class State:
    """`value` is the verdict, or GIVEN. `word` is shown, with the shape of the name `shape` beside it."""

    value: str
    word: str
    shape: str


STATES = {
    Verdict.FIXED: State("fixed", "fixed", "check"),
    Verdict.MASKED: State("masked", "masked", "half"),
    Verdict.PRESENT: State("present", "present", "cross"),
    Verdict.BLOCKED: State("blocked", "blocked", "dash"),
    Verdict.UNMEASURED: State("unmeasured", "not measured", "gaps"),
}
GIVEN = State("given", "given", "diamond")


def state_of(bug: BugCard) -> State:
    """Return the state of the bug. A fix that was given says nothing of the candidate, so it comes first."""
    if bug.given:
        return GIVEN
    state = STATES[bug.verdict]
    if bug.verdict is Verdict.BLOCKED and bug.blocked_by:
        return replace(state, word=f"{state.word} by {bug.blocked_by}")
    return state


def time_used(time: TimeCard | None) -> str:
    """Return one of the words of TIMES: never a number, which would tell of extra time."""
    if time is None or time.within is None:
        return UNKNOWN
    return WITHIN if time.within else LONGER


def broke(card: Card) -> str:
    """Return how many answers beside the bugs are not as before: "nothing", a number, "unknown" or ""."""
    beside = card.beside
    if beside is None:
        return ""
    if beside.regressions:
        return str(len(beside.regressions))
    return UNKNOWN if beside.problem else NOTHING


def migrations(card: Card) -> str:
    """Return what the review of the migrations found: "good", "none", "3 problems", "unknown" or ""."""
    review = card.review
    if review is None:
        return ""
    if review.problem:
        return UNKNOWN
    if problems := sum(one.counts for one in review.findings):
        return counted(problems, "problem")
    return GOOD if review.migrations else NONE
