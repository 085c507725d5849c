"""Findings, and the vocabulary of their ids, which is `findings.toml`."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path

from lab.sentences import printable

FAILED = frozenset({"does-not-run", "concurrently-in-a-transaction"})
"""The ids of an upgrade that failed: nothing can waive that. One that did not end may be slow here only."""


class Severity(StrEnum):
    """How much a finding matters, the worst first. Only a problem makes a review fail."""

    PROBLEM = "problem"
    ADVICE = "advice"
    NOTE = "note"


class Basis(StrEnum):
    """How a finding is known: seen while the migrations ran, or from the text by a rule."""

    MEASURED = "measured"
    RULE = "rule"


@dataclass(frozen=True, slots=True)
class Meaning:
    severity: Severity
    text: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. `line` is the first of the statement at fault; 0 if no single one is.

    seen: what was seen, as a sentence. safer: lines of code that would be safer; may be empty.
    waived: the reason that a comment of the migration gives; None if it is not waived.
    """

    id: str
    file: str
    line: int
    how: Basis
    seen: str
    safer: str = ""
    waived: str | None = None
    severity: Severity = field(init=False)

    def __post_init__(self) -> None:
        """Escape what is not printable: names and texts come from the candidate's code and its database."""
        shown = {
            "file": printable(self.file),
            "seen": printable(self.seen),
            "safer": "\n".join(map(printable, self.safer.split("\n"))),
            "waived": None if self.waived is None else printable(self.waived),
            "severity": meanings()[self.id].severity,
        }
        for name, value in shown.items():
            object.__setattr__(self, name, value)

    @property
    def place(self) -> str:
        """Its file and line; empty if no file is known."""
        return f"{self.file}:{self.line}" if self.line else self.file

    @property
    def counts(self) -> bool:
        """Whether it is a problem that nothing waives."""
        return self.severity is Severity.PROBLEM and self.waived is None


@cache
def meanings() -> Mapping[str, Meaning]:
    """Return what each id means."""
    text = Path(__file__).with_name("findings.toml").read_text(encoding="utf-8")
    found = tomllib.loads(text).items()
    return {name: Meaning(Severity(one["severity"]), one["meaning"]) for name, one in found}
