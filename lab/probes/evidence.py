"""The result of one probe: a verdict, the figures behind it, and one sentence saying what was observed.

Candidates read the sentence too, so it never says how to fix the bug. `lab.records` stores evidence as JSON.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self


class Verdict(StrEnum):
    """The state of one bug.

    fixed: the symptom and its cause are gone, and the responses are right. masked: the symptom is gone in an
    easy test, its cause is not. present: the symptom shows. blocked: another bug prevents the measurement.
    unmeasured: the environment failed, which counts neither for nor against the candidate.
    """

    FIXED = "fixed"
    MASKED = "masked"
    PRESENT = "present"
    BLOCKED = "blocked"
    UNMEASURED = "unmeasured"

    @property
    def shows_symptom(self) -> bool:
        """Whether `lab check` fails because of this verdict."""
        return self in {Verdict.MASKED, Verdict.PRESENT, Verdict.BLOCKED}


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number, in `unit`; `limit` is the highest good value, None where there is no limit."""

    name: str
    value: float
    unit: str = ""
    limit: float | None = None

    @classmethod
    def duration(cls, name: str, seconds: float) -> Self:
        """A time, converted to milliseconds, without a limit."""
        return cls(name, round(seconds * 1000, 1), "ms")

    @property
    def within(self) -> bool:
        """Whether the value is at most the limit; True where there is no limit."""
        return self.limit is None or self.value <= self.limit


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one probe found out about one bug.

    `why` is one sentence. `raw` is the file with everything that was measured, and `seconds` the time that
    the measurement took.
    """

    bug: int
    verdict: Verdict
    why: str
    figures: tuple[Figure, ...] = ()
    blocked_by: int | None = None
    raw: Path | None = None
    seconds: float = 0.0

    def figure(self, name: str) -> Figure | None:
        return next((figure for figure in self.figures if figure.name == name), None)
