"""What a candidate may see of a measurement: each symptom and whether it shows, no cause and no figure."""

from dataclasses import dataclass
from enum import StrEnum

from lab.operations.measure import Checked, Verdict


class Seen(StrEnum):
    """Whether a symptom shows. A symptom that is only harder to see now counts as seen."""

    SEEN = "seen"
    NOT_SEEN = "not seen any more"
    NOT_TRIED = "not tried: another bug is in the way"
    NOT_MEASURED = "could not be measured"


@dataclass(frozen=True, slots=True)
class SeenBug:
    """A bug by its number and symptom, and whether that shows."""

    number: int
    symptom: str
    state: Seen


@dataclass(frozen=True, slots=True)
class SeenBugs:
    """The bugs that were measured, by rising number; `broken` says what is not answered as it was before.

    `migrations` says what is wrong with how the candidate's migrations ran.
    """

    bugs: tuple[SeenBug, ...]
    broken: tuple[str, ...] = ()
    migrations: tuple[str, ...] = ()


STATES = {
    Verdict.FIXED: Seen.NOT_SEEN,
    Verdict.MASKED: Seen.SEEN,
    Verdict.PRESENT: Seen.SEEN,
    Verdict.BLOCKED: Seen.NOT_TRIED,
    Verdict.UNMEASURED: Seen.NOT_MEASURED,
}


def for_candidate(checked: Checked) -> SeenBugs:
    """Return what a candidate may see of these verdicts."""
    symptoms = {bug.number: bug.symptom for bug in checked.bugs}
    return SeenBugs(
        tuple(SeenBug(one.bug, symptoms.get(one.bug, ""), STATES[one.verdict]) for one in checked.evidence),
        tuple(map(str, checked.regressions)),
        tuple(f"{one.place or 'your migrations'}: {one.seen}" for one in checked.migrations),
    )
