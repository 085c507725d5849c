"""Prove the fixes: each one fixes its bug and changes no other verdict, and its revert leaves no trace.

The proof runs in a scratch workspace of the shipped code. The candidate's workspace is not changed.
"""

import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
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

COMMAND_TIMEOUT = 180.0  # seconds


@dataclass(frozen=True, slots=True)
class ProofRow:
    """The evidence in one state of the workspace, and what was wrong in it.

    `fix` is None for a state that is about no single fix.
    """

    state: str
    fix: int | None
    evidence: tuple[Evidence, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verified:
    """The proof: a row for the shipped lab, two for each fix; if `whole`, one more for all fixes together."""

    bugs: tuple[Bug, ...]
    rows: tuple[ProofRow, ...]
    whole: bool
    run: Path

    @property
    def problems(self) -> tuple[str, ...]:
        return tuple(f"{row.state}: {problem}" for row in self.rows for problem in row.problems)


def verify(
    workspace: Workspace,
    tokens: Sequence[str] = (),
    *,
    bugs: Collection[int] = PROBES.keys(),
    progress: Progress = silent,
) -> Verified:
    """Prove the fixes that the tokens mean (default: all, `whole`), by measuring `bugs` in every state.

    Raises:
        UsageError: a token means no fix with a probe.
        InvalidFile: a token means a folder that cannot be used.
        EnvironmentFault: the lab is not up.
    """
    target = prepare_target(workspace)
    whole = not tokens or "all" in tokens
    catalog = catalog_of(workspace)
    numbers = select_bugs(target, () if whole else tokens)
    fixes = tuple(fix for fix in catalog.select(("all",) if whole else tokens) if fix.number in numbers)
    run_folder = records.begin(workspace)
    with scratch(workspace, target.account, target.template, run_folder) as copy:
        rows = tuple(_Proof(target, copy, tuple(bugs), progress).rows(fixes, whole=whole))
    if whole:
        rows += tuple(ProofRow(report.path.name, None, (), report.problems) for report in catalog.broken)
    records.keep(run_folder, (one for row in rows for one in row.evidence), (row.state for row in rows))
    columns = tuple(Bug(fix.number, fix.title) for fix in target.fixes if fix.number in bugs)
    return Verified(columns, rows, whole, run_folder)


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """What reverting a fix must restore: the bytes of the files, and the schema."""

    files: Mapping[str, bytes]
    schema: str

    def differences(self, other: "_Snapshot") -> tuple[str, ...]:
        names = sorted({*self.files, *other.files})
        changed = [name for name in names if self.files.get(name) != other.files.get(name)]
        lines = sorted(set(self.schema.splitlines()) ^ set(other.schema.splitlines()))
        return (
            *(f"{name} is not what it was" for name in changed),
            *(f"the schema is not what it was: {line}" for line in lines),
        )


@dataclass(frozen=True, slots=True)
class _Proof:
    target: Target
    copy: Scratch
    bugs: tuple[int, ...]
    progress: Progress

    def rows(self, fixes: Sequence[Fix], *, whole: bool) -> Iterator[ProofRow]:
        shipped = self._row("as shipped", None, (), dict.fromkeys(self.bugs, Verdict.PRESENT))
        yield shipped
        baseline = {one.bug: one.verdict for one in shipped.evidence}
        before = self._snapshot()
        for fix in fixes:
            problem = self._lab_fix("apply", fix)
            wanted = {**baseline, fix.number: Verdict.FIXED}
            yield self._row(f"fix {fix.number} applied", fix, (fix,), wanted, problem)
            problem = self._lab_fix("revert", fix)
            row = self._row(f"fix {fix.number} reverted", fix, (), {fix.number: Verdict.PRESENT}, problem)
            left = () if problem else before.differences(self._snapshot())
            yield replace(row, problems=(*row.problems, *left))
        if whole:
            problem = next(filter(None, (self._lab_fix("apply", fix) for fix in fixes)), "")
            wanted = dict.fromkeys(self.bugs, Verdict.FIXED)
            yield self._row("all applied", None, tuple(fixes), wanted, problem)

    def _row(
        self,
        state: str,
        fix: Fix | None,
        applied: tuple[Fix, ...],
        wanted: Mapping[int, Verdict],
        problem: str = "",
    ) -> ProofRow:
        """Measure the bugs of `wanted`, unless there is a problem. Each other verdict is a problem."""

        def with_state(update: Update) -> None:
            self.progress(replace(update, text=f"{state}: {update.text}"))

        number, target = fix.number if fix else None, self.target
        if problem:
            return ProofRow(state, number, (), (problem,))
        source = Source(self.copy.workspace, target.account, target.template, None, lambda: applied)
        evidence = measure_in_shadow(target, source, tuple(wanted), progress=with_state).evidence
        wrong = [one for one in evidence if one.verdict is not wanted[one.bug]]
        problems = (f"bug {one.bug} is {one.verdict}, not {wanted[one.bug]}: {one.why}" for one in wrong)
        return ProofRow(state, number, evidence, tuple(problems))

    def _lab_fix(self, verb: str, fix: Fix) -> str:
        """Run the command as a user does. Return why it failed; empty if it succeeded."""
        self.progress(Update(f"lab fix {verb} {fix.number}"))
        words = ["-C", str(self.copy.workspace.root), "fix", verb, str(fix.number), "--no-restart"]
        environment = {"LAB_DATABASE_URL": self.copy.url}
        finished = run([sys.executable, "-m", "lab", *words], env=environment, timeout=COMMAND_TIMEOUT)
        return "" if finished.code == 0 else f"lab fix {verb} {fix.number} failed: {finished.last_line}"

    def _snapshot(self) -> _Snapshot:
        return _Snapshot(self.copy.files(), schema_fingerprint(self.copy.url))
