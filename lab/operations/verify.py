"""Prove the fixes: each one fixes its bug and changes no other verdict, and its revert leaves no trace.

The proof runs in a scratch workspace of the shipped code. The candidate's workspace is not changed.
"""

import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from lab import records
from lab.catalog import Fix
from lab.engine.fingerprint import schema_fingerprint
from lab.operations.catalog import broken_fixes, catalog_of
from lab.operations.measure import (
    Bug,
    Target,
    measure_in_shadow,
    prepare_target,
    select_bugs,
)
from lab.operations.probed_shadow import bugs_to_measure
from lab.probing.bench import Bench
from lab.probing.evidence import Evidence, Verdict
from lab.probing.stand_in import refusing
from lab.progress import Progress, Update, silent
from lab.shadow.scratch import Scratch, scratch
from lab.shadow.shadow import Source
from lab.shell import run
from lab.workspace import Workspace

COMMAND_TIMEOUT = 180.0
"""Seconds for one command of lab in the copy, such as a check with all its bugs."""


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
    bugs: Sequence[str] = (),
    progress: Progress = silent,
) -> Verified:
    """Prove the fixes that the tokens mean (default: all, `whole`): measure `bugs` in every state.

    Without `bugs`, all are measured.

    Raises:
        UsageError: a token means no fix with a probe.
        InvalidFile: a token means a folder that cannot be used, or a probe cannot be loaded.
        EnvironmentFault: the lab is not up.
    """
    whole = not tokens or "all" in tokens
    catalog = catalog_of(workspace)
    chosen = select_bugs(catalog, () if whole else tokens, "fix")
    fixes = tuple(sorted(chosen, key=lambda fix: fix.number))
    measured = select_bugs(catalog, bugs)
    bugs_to_measure(workspace.library, measured)  # one that cannot be loaded is told at once
    target = prepare_target(workspace, progress)
    run_folder = records.begin(workspace)
    with scratch(workspace, target.prepared, run_folder) as copy:
        rows = tuple(_Proof(target, copy, measured, progress).rows(fixes, whole=whole))
    if whole:
        unusable = broken_fixes(catalog)
        rows += tuple(ProofRow(report.folder.name, None, (), report.problems) for report in unusable)
    records.keep(
        workspace, run_folder, (one for row in rows for one in row.evidence), (row.state for row in rows)
    )
    columns = tuple(Bug(fix.number, fix.title) for fix in sorted(measured, key=lambda fix: fix.number))
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
    bugs: tuple[Fix, ...]
    progress: Progress

    def rows(self, fixes: Sequence[Fix], *, whole: bool) -> Iterator[ProofRow]:
        numbers = [fix.number for fix in self.bugs]
        shipped = self._row("as shipped", None, (), dict.fromkeys(numbers, Verdict.PRESENT))
        chosen = [fix.number for fix in fixes if fix.number in numbers]
        yield replace(shipped, problems=(*shipped.problems, *self._any_failure(shipped.evidence, chosen)))
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
            wanted = dict.fromkeys(numbers, Verdict.FIXED)
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

        number = fix.number if fix else None
        if problem:
            return ProofRow(state, number, (), (problem,))
        evidence = self._measure(applied, wanted, with_state)
        wrong = [one for one in evidence if one.verdict is not wanted[one.bug]]
        problems = (f"bug {one.bug} is {one.verdict}, not {wanted[one.bug]}: {one.why}" for one in wrong)
        return ProofRow(state, number, evidence, tuple(problems))

    def _any_failure(self, shipped: tuple[Evidence, ...], numbers: Collection[int]) -> tuple[str, ...]:
        """Return a problem for each bug that is present for the same reason if every request is refused."""
        if not numbers:
            return ()
        whys = {one.bug: one.why for one in shipped if one.verdict is Verdict.PRESENT}
        refused = self._measure((), numbers, self.progress, refusing)
        return tuple(
            f"bug {one.bug} is present for the same reason if every request is refused, so any failure looks"
            f" like it: {one.why}"
            for one in refused
            if whys.get(one.bug) == one.why
        )

    def _measure(
        self,
        applied: tuple[Fix, ...],
        numbers: Collection[int],
        progress: Progress,
        change: Callable[[Bench], AbstractContextManager[Bench]] = nullcontext,
    ) -> tuple[Evidence, ...]:
        target = self.target
        source = Source(self.copy.workspace, target.prepared, None, lambda: applied)
        fixes = [fix for fix in target.catalog.measurable if fix.number in numbers]
        return measure_in_shadow(target, source, fixes, change=change, progress=progress).evidence

    def _lab_fix(self, verb: str, fix: Fix) -> str:
        """Run the command as a user does. Return why it failed; empty if it succeeded."""
        self.progress(Update(f"lab fix {verb} {fix.number}"))
        library = str(self.copy.workspace.library.root)
        words = ["-C", str(self.copy.workspace.root), "--library", library]
        words += ["fix", verb, str(fix.number), "--no-restart"]
        environment = {"LAB_DATABASE_URL": self.copy.url}
        finished = run([sys.executable, "-P", "-m", "lab", *words], env=environment, timeout=COMMAND_TIMEOUT)
        return "" if finished.code == 0 else f"lab fix {verb} {fix.number} failed: {finished.last_line}"

    def _snapshot(self) -> _Snapshot:
        return _Snapshot(self.copy.files(), schema_fingerprint(self.copy.url))
