"""`card.json`: the one source of what is said of a submission. All other forms are made from it.

Its schema is docs/card.schema.json. `SCHEMA` is raised when a card of an earlier one cannot be read any more.
"""

import hashlib
import os
import platform
from dataclasses import dataclass, field

from lab.json_files import to_json
from lab.probing.contract.results import Beside, Regression
from lab.probing.evidence import Figure, Verdict
from lab.review.finding import Finding

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class SubmissionCard:
    """What was handed in: its name, the SHA-256 of its files, and what of it was left out, as clauses."""

    name: str
    digest: str
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HandoutCard:
    """What the candidate got: the handout's id and name, its bugs, minutes, and the rule on AI assistants."""

    id: str
    bugs: tuple[int, ...]
    minutes: int
    ai: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class BugCard:
    """One bug. `given`: its fix was given to the candidate. `hints`: how many hints were.

    `before` are the figures of the shipped code, as this machine measured it; there may be none.
    """

    number: int
    title: str
    symptom: str
    verdict: Verdict
    why: str
    blocked_by: int | None
    figures: tuple[Figure, ...]
    given: bool = False
    hints: int = 0
    before: tuple[Figure, ...] = ()


@dataclass(frozen=True, slots=True)
class MigrationCard:
    """One revision of the candidate's: its seconds, and the slowest write while it ran, in seconds."""

    revision: str
    message: str
    file: str
    seconds: float
    slowest_write: float | None


@dataclass(frozen=True, slots=True)
class ReviewCard:
    """The review of the candidate's migrations. `problem` says why there is none; empty if there is one."""

    findings: tuple[Finding, ...] = ()
    migrations: tuple[MigrationCard, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class CommandCard:
    """A command of the candidate's own record: its words, its exit code, its end in Unix time (seconds)."""

    words: tuple[str, ...]
    code: int
    at: float


@dataclass(frozen=True, slots=True)
class CommitCard:
    """A commit of the candidate's: the first line of its message, and its time in Unix time (seconds)."""

    subject: str
    at: float


@dataclass(frozen=True, slots=True)
class TimeCard:
    """The time that the work took, by the candidate's own records: commands and commits, which can be false.

    `seconds`: from the first to the last of them. `within`: whether that is within the minutes of the
    handout, which are this candidate's own; None without a handout.
    """

    seconds: float
    within: bool | None


@dataclass(frozen=True, slots=True)
class MachineCard:
    """What it was measured on: system, processor's kind, cores, and the level of the walls."""

    system: str
    processor: str
    cores: int
    sandbox: str


@dataclass(frozen=True, slots=True)
class Card:
    """All that is known of one submission.

    `problem` says why it could not be graded; empty if it was. `environment`: that is the machine's fault,
    not the submission's. `at` is Unix time, `seconds` how long it took. `library` is the digest of the
    library's fixes, probes and profile, `rubric` that of its rubric (empty: it has none). `commits` and
    `timeline` are the candidate's own records, the oldest first. `notes` are for a person. `judgement` is the
    SHA-256 of what was judged: the same submission gets the same one on any machine.
    """

    submission: SubmissionCard
    lab: str
    library: str
    at: float
    seconds: float
    machine: MachineCard
    problem: str = ""
    environment: bool = False
    handout: HandoutCard | None = None
    bugs: tuple[BugCard, ...] = ()
    beside: Beside | None = None
    review: ReviewCard | None = None
    timeline: tuple[CommandCard, ...] = ()
    commits: tuple[CommitCard, ...] = ()
    time: TimeCard | None = None
    notes: tuple[str, ...] = ()
    rubric: str = ""
    schema: int = SCHEMA
    judgement: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "judgement", _judgement(self))


def machine(level: str) -> MachineCard:
    """Return what this machine is."""
    return MachineCard(platform.system(), platform.machine(), os.cpu_count() or 1, level)


def _judged(one: Regression) -> tuple[str, str]:
    """Return what is judged of a regression: its route, and the member that differs.

    Which requests a service that ends leaves without an answer is chance, so that is one and the same.
    """
    has_answer = one.where or one.actual.isdigit()
    return (one.route, one.where) if has_answer else ("", "no answer")


def _judgement(card: Card) -> str:
    """Return the SHA-256 of what was judged, in hexadecimal: verdicts, regressions and findings, no figures.

    The same submission gets the same one on any machine.
    """
    findings = card.review.findings if card.review else ()
    beside = card.beside
    judged = {
        "problem": card.problem,
        "verdicts": [(one.number, one.verdict, one.given) for one in card.bugs],
        "regressions": sorted(set(map(_judged, beside.regressions))) if beside else None,
        "findings": sorted((one.id, one.file, one.line, one.waived is not None) for one in findings),
    }
    return hashlib.sha256(to_json(judged, indent=0).encode()).hexdigest()
