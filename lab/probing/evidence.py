"""The result of one probe: a verdict, the figures behind it, and one sentence saying what was observed.

Candidates read the sentence too, so it never says how to fix the bug. `lab.records` stores evidence as JSON.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self

from lab.sentences import sentence as sentence


class Verdict(StrEnum):
    """The state of one bug.

    fixed: the symptom and its cause are gone, and the responses are right. masked: the symptom is gone in an
    easy test, its cause is not. present: the symptom shows. blocked: another bug prevents the measurement.
    unmeasured: the environment failed, or the way in which an answer is meant to be used is not understood.
    That counts neither for nor against the candidate.
    """

    FIXED = "fixed"
    MASKED = "masked"
    PRESENT = "present"
    BLOCKED = "blocked"
    UNMEASURED = "unmeasured"

    @property
    def fails_check(self) -> bool:
        """Whether `lab check` exits with 1 because of this verdict. If none does, `unmeasured` gives 4."""
        return self in {Verdict.MASKED, Verdict.PRESENT, Verdict.BLOCKED}


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number, in `unit` (empty: a count). `limit` is the highest good value, if there is one."""

    name: str
    value: float
    unit: str = ""
    limit: float | None = None

    @classmethod
    def duration(cls, name: str, seconds: float) -> Self:
        """A figure in milliseconds, rounded to 0.1 ms, without a limit."""
        return cls(name, round(seconds * 1000, 1), "ms")

    @property
    def within(self) -> bool:
        """Whether the value is at most the limit; True where there is no limit."""
        return self.limit is None or self.value <= self.limit


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one probe found out about one bug. A probe gives the first three fields, `measure` the others.

    `why` is one sentence. `bug` is the bug's number, `blocked_by` that of the bug which prevented the
    measurement. `raw` is the file with everything that was measured, once it is stored. `seconds` is how long
    the measurement took.
    """

    verdict: Verdict
    why: str
    figures: tuple[Figure, ...] = ()
    bug: int = 0
    blocked_by: int | None = None
    raw: Path | None = None
    seconds: float = 0.0

    def figure(self, name: str) -> Figure | None:
        return next((figure for figure in self.figures if figure.name == name), None)
