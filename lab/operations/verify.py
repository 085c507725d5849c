"""Prove the library: every fix does what it says, nothing else, and leaves no trace when it goes.

All of it happens in a scratch workspace of the shipped code; the candidate's is neither changed nor asked.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab import records
from lab.catalog import Fix
from lab.engine.fingerprint import schema_fingerprint
from lab.operations.catalog import catalog_of
from lab.operations.measure import Bug, Target, measure_in_shadow, prepare_target, select_bugs
from lab.probes.evidence import Evidence, Verdict
from lab.probes.suite import PROBES
from lab.progress import Progress, Update, silent
from lab.shadow import Scratch, Source, scratch
from lab.shell import run
from lab.workspace import Workspace

COMMAND_DEADLINE = 180.0


@dataclass(frozen=True, slots=True)
class ProofRow:
    """All bugs as they stood at one moment of the proof, and what was wrong then; `fix` None: as shipped."""

    state: str
    fix: int | None
    evidence: tuple[Evidence, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verified:
    """The proof: a row for the shipped lab, two for each fix, and, of the `whole` library, one for all."""

    bugs: tuple[Bug, ...]
    rows: tuple[ProofRow, ...]
    whole: bool
    run: Path

    @property
    def problems(self) -> tuple[str, ...]:
        return tuple(f"{row.state}: {problem}" for row in self.rows for problem in row.problems)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a reverted fix must leave as it was."""

    files: Mapping[str, bytes]
    schema: str

    def difference(self, other: "Snapshot") -> tuple[str, ...]:
        names = sorted({*self.files, *other.files})
        changed = [name for name in names if self.files.get(name) != other.files.get(name)]
        lines = sorted(set(self.schema.splitlines()) ^ set(other.schema.splitlines()))
        return (
            *(f"{name} is not what it was" for name in changed),
            *(f"the schema is not what it was: {line}" for line in lines),
        )


def verify(workspace: Workspace, tokens: Sequence[str] = (), *, progress: Progress = silent) -> Verified:
    """Measure the shipped lab, then every bug with each fix applied, and its own with the fix reverted.

    Raises:
        UsageError: a token means no fix that can be measured.
        InvalidFile: it means a folder that is broken.
        EnvironmentFault: the lab is not up.
    """
    here = prepare_target(workspace)
    whole = not tokens or "all" in tokens
    catalog = catalog_of(workspace)
    numbers = select_bugs(here, () if whole else tokens)
    fixes = tuple(fix for fix in catalog.select(("all",) if whole else tokens) if fix.number in numbers)
    bugs = tuple(Bug(fix.number, fix.title) for fix in here.fixes if fix.number in PROBES)
    kept = records.begin(workspace)
    with scratch(workspace, here.account, here.template, kept.folder) as place:
        rows = tuple(_Proof(here, place, progress).rows(fixes, whole=whole))
    if whole:
        rows += tuple(ProofRow(report.path.name, None, (), report.problems) for report in catalog.broken)
    records.keep(kept, (one for row in rows for one in row.evidence), (row.state for row in rows))
    return Verified(bugs, rows, whole, kept.folder)


class _Proof:
    def __init__(self, here: Target, place: Scratch, progress: Progress) -> None:
        self._here = here
        self._place = place
        self._progress = progress
        self._baseline: dict[int, Verdict] = {}

    def rows(self, fixes: Sequence[Fix], *, whole: bool) -> Iterator[ProofRow]:
        evidence = self._measure("As shipped", (), tuple(PROBES))
        self._baseline = {one.bug: one.verdict for one in evidence}
        wrong = [one for one in evidence if one.verdict is not Verdict.PRESENT]
        yield ProofRow("as shipped", None, evidence, tuple(_unlike(one, Verdict.PRESENT) for one in wrong))
        before = self._trace()
        for fix in fixes:
            yield self._applied(fix)
            yield self._reverted(fix, before)
        if whole:
            yield self._all_applied(fixes)

    def _applied(self, fix: Fix) -> ProofRow:
        state = f"fix {fix.number} applied"
        if problem := self._lab("apply", fix.number):
            return ProofRow(state, fix.number, (), (problem,))
        evidence = self._measure(state, (fix,), tuple(PROBES))
        problems = []
        for one in evidence:
            wanted = Verdict.FIXED if one.bug == fix.number else self._baseline[one.bug]
            if one.verdict is not wanted:
                problems.append(_unlike(one, wanted))
        return ProofRow(state, fix.number, evidence, tuple(problems))

    def _reverted(self, fix: Fix, before: Snapshot) -> ProofRow:
        state = f"fix {fix.number} reverted"
        if problem := self._lab("revert", fix.number):
            return ProofRow(state, fix.number, (), (problem,))
        evidence = self._measure(state, (), (fix.number,))
        problems = [_unlike(one, Verdict.PRESENT) for one in evidence if one.verdict is not Verdict.PRESENT]
        return ProofRow(state, fix.number, evidence, (*problems, *before.difference(self._trace())))

    def _all_applied(self, fixes: Sequence[Fix]) -> ProofRow:
        state = "all applied"
        for fix in fixes:
            if problem := self._lab("apply", fix.number):
                return ProofRow(state, None, (), (problem,))
        evidence = self._measure(state, tuple(fixes), tuple(PROBES))
        wrong = [one for one in evidence if one.verdict is not Verdict.FIXED]
        return ProofRow(state, None, evidence, tuple(_unlike(one, Verdict.FIXED) for one in wrong))

    def _measure(self, state: str, applied: tuple[Fix, ...], bugs: tuple[int, ...]) -> tuple[Evidence, ...]:
        def tell(stage: Update) -> None:
            self._progress(Update(f"{state}: {stage.text}", stage.done, stage.total))

        here = self._here
        origin = Source(self._place.workspace, here.account, here.template, None, lambda: applied)
        return measure_in_shadow(here, origin, bugs, progress=tell).evidence

    def _lab(self, verb: str, number: int) -> str:
        """Run the command as anybody would; answers why it failed, or nothing."""
        self._progress(Update(f"lab fix {verb} {number}"))
        place = str(self._place.workspace.root)
        finished = run(
            [sys.executable, "-m", "lab", "-C", place, "fix", verb, str(number), "--no-restart"],
            env={"LAB_DATABASE_URL": self._place.url},
            timeout=COMMAND_DEADLINE,
        )
        return "" if finished.code == 0 else f"lab fix {verb} {number} failed: {finished.last_line}"

    def _trace(self) -> Snapshot:
        return Snapshot(self._place.files(), schema_fingerprint(self._place.url))


def _unlike(evidence: Evidence, wanted: Verdict) -> str:
    return f"bug {evidence.bug} is {evidence.verdict}, not {wanted}: {evidence.why}"
