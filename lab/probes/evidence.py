"""What a probe hands back: a verdict, the figures that it rests on, and one line of what was seen.

The line never says how to mend anything. Evidence is written to `.lab/runs/` and graded from there.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path


class Verdict(StrEnum):
    """How a bug stands."""

    FIXED = "fixed"
    MASKED = "masked"
    PRESENT = "present"
    BLOCKED = "blocked"
    UNMEASURED = "unmeasured"

    @property
    def shows_symptom(self) -> bool:
        """Whether `lab check` fails on it; what could not be measured counts neither way."""
        return self in {Verdict.MASKED, Verdict.PRESENT, Verdict.BLOCKED}


@dataclass(frozen=True, slots=True)
class Figure:
    """One number measured, in `unit`; `limit` is the most that counts as good, where there is one."""

    name: str
    value: float
    unit: str = ""
    limit: float | None = None

    @property
    def within(self) -> bool:
        return self.limit is None or self.value <= self.limit


@dataclass(frozen=True, slots=True)
class Evidence:
    """One bug as one probe found it. `raw` is the file with everything that was measured."""

    bug: int
    verdict: Verdict
    why: str
    figures: tuple[Figure, ...] = ()
    blocked_by: int | None = None
    raw: Path | None = None
    seconds: float = 0.0

    def stamped(self, *, raw: Path | None, seconds: float) -> "Evidence":
        """The same, with where its raw data lies and how long it took to find."""
        return replace(self, raw=raw, seconds=round(seconds, 3))

    def figure(self, name: str) -> Figure | None:
        return next((figure for figure in self.figures if figure.name == name), None)
