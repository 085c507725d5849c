"""Measure the bugs in a shadow: a copy of the lab, so that the running lab is not disturbed."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from lab import records, sandbox
from lab.catalog import Catalog, Fix
from lab.database import workspace_url
from lab.errors import UsageError
from lab.operations.catalog import catalog_of
from lab.operations.contract import CANDIDATE, REFERENCE, compare
from lab.operations.ownership import require_dataset
from lab.operations.prepared import prepared_server
from lab.operations.probed_shadow import bugs_to_measure, findings_on, looks, probed, services_of
from lab.operations.target import Target as Target
from lab.probing.bench import Bench
from lab.probing.contract.results import Beside
from lab.probing.contract.results import Regression as Regression
from lab.probing.evidence import Evidence as Evidence
from lab.probing.evidence import Figure as Figure
from lab.probing.evidence import Verdict as Verdict
from lab.probing.loading import load_contract
from lab.probing.verdict import Measured
from lab.progress import Progress, silent
from lab.review.finding import FAILED, Finding
from lab.sandbox import Level, Means
from lab.shadow import leftovers
from lab.shadow.leftovers import reached_bounds, remove_leftovers
from lab.shadow.shadow import Source, shadow
from lab.shadow.spare import Spare
from lab.shadow.system import system
from lab.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Bug:
    """A bug by its number and title, which names the cause, and its symptom."""

    number: int
    title: str
    symptom: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """The evidence by rising number of the bugs. `run` is the folder with it and the raw data.

    `notes` say what the shadow copied from the candidate's database, and what failed in it. While the files
    are watched, `previous` has the verdicts of the measurements before, by bug. `level` is that of the walls
    around the candidate's code, `better` says how to get a better one. `beside` is what was found beside the
    bugs; None if the library has no contract. `migrations` are findings on what the candidate's migrations
    did; `lab migration review` looks at more.
    """

    bugs: tuple[Bug, ...]
    evidence: tuple[Evidence, ...]
    notes: tuple[str, ...]
    run: Path
    seconds: float
    previous: Mapping[int, Verdict] = field(default_factory=dict)
    level: Level = Level.NONE
    better: str = ""
    beside: Beside | None = None
    migrations: tuple[Finding, ...] = ()

    @property
    def migrations_fail(self) -> bool:
        """Whether the candidate's migrations do not run. That they took too long here does not say so."""
        return any(one.id in FAILED for one in self.migrations)

    @property
    def symptoms(self) -> tuple[Evidence, ...]:
        return tuple(one for one in self.evidence if one.verdict.fails_check)

    @property
    def unmeasured(self) -> tuple[Evidence, ...]:
        return tuple(one for one in self.evidence if one.verdict is Verdict.UNMEASURED)

    @property
    def regressions(self) -> tuple[Regression, ...]:
        return self.beside.regressions if self.beside else ()

    @property
    def not_compared(self) -> str:
        """Why nothing could be compared beside the bugs; empty if it was, or was not asked for."""
        return self.beside.problem if self.beside else ""


def check(
    workspace: Workspace,
    tokens: Sequence[str] = (),
    *,
    thorough: bool = False,
    spare: Spare | None = None,
    box: bool = False,
    bugs_only: bool = False,
    progress: Progress = silent,
) -> Checked:
    """Measure the bugs that the tokens mean (default: all). `thorough` goes on after the verdict is certain.

    A `spare` makes it faster; it is used up. In a `box`, the measurement has a network of its own. What is
    beside the bugs is compared with a reference, unless `bugs_only`.

    Raises:
        UsageError: a token means no bug that has a probe.
        EnvironmentFault: the lab is not up, or the shadow cannot be made.
        Refused: a change of a fix was interrupted.
        Locked: another lab is changing the workspace.
    """
    bugs = select_bugs(catalog_of(workspace), tokens)
    target = prepare_target(workspace, progress)
    source = target.source()
    if box:
        from lab.operations.box import measure_in_box  # it imports this module

        return measure_in_box(
            target, source, bugs, thorough=thorough, with_contract=not bugs_only, progress=progress
        )
    return measure_in_shadow(
        target,
        source,
        bugs,
        thorough=thorough,
        spare=spare,
        with_contract=not bugs_only,
        progress=progress,
    )


def prepare_target(workspace: Workspace, progress: Progress = silent) -> Target:
    """Clean up after killed measurements; return the target.

    Raises:
        EnvironmentFault: the lab is not up, or no server to measure on can be prepared.
    """
    url = workspace_url(workspace)
    dataset = require_dataset(url)
    remove_leftovers(workspace)
    prepared = prepared_server(workspace, dataset, progress, to_measure=True)
    return Target(workspace, url, prepared, catalog_of(workspace))


def select_bugs(catalog: Catalog, tokens: Sequence[str], noun: str = "bug") -> tuple[Fix, ...]:
    """Return the fixes whose bugs the tokens mean, in measuring order; without tokens, all with a probe.

    `noun`, fix or bug, is for the messages.

    Raises:
        UsageError: a token means no bug that has a probe.
        InvalidFile: a token means a folder that cannot be used.
    """
    chosen = {fix.number for fix in catalog.select(tokens, noun)} if tokens else None
    if not catalog.measurable and catalog.broken:
        raise catalog.broken[0]
    known = {fix.number for fix in catalog.measurable}
    if unknown := sorted((chosen or set()) - known):
        there = ", ".join(map(str, sorted(known))) or "none"
        raise UsageError(f"There is no probe for bug {unknown[0]}.", f"The bugs with a probe are: {there}.")
    return tuple(fix for fix in catalog.measurable if chosen is None or fix.number in chosen)


def measure_in_shadow(
    target: Target,
    source: Source,
    fixes: Sequence[Fix],
    *,
    thorough: bool = False,
    spare: Spare | None = None,
    change: Callable[[Bench], AbstractContextManager[Bench]] = nullcontext,
    with_contract: bool = False,
    progress: Progress = silent,
) -> Checked:
    """Measure the bugs of these fixes in a shadow of `source`, and keep the evidence in a run.

    `change` may replace the bench that the probes get. `with_contract` also compares what is beside the bugs.
    Raises as `shadow` does, and InvalidFile, before the shadow is made, if a probe cannot be loaded.
    """
    started = time.monotonic()
    library = target.workspace.library
    bugs = bugs_to_measure(library, fixes)
    contract = load_contract(library.probes) if with_contract else None
    run = spare.reserved.folder if spare else records.begin(target.workspace)
    found: list[Measured] = []
    options: dict[str, Any] = {"thorough": thorough, "spare": spare, "progress": progress}
    with shadow(source, run, services=services_of(fixes), **options) as made, change(made.bench) as bench:
        measured = replace(made, bench=bench)
        found += probed(bugs, target.numbers, measured, progress)
        notes, migrations = (*made.notes, *looks(bench)), findings_on(made)
        beside = None
        if contract is not None:
            leftovers.stop(made.reserved)
            start = partial(system, made.material, target.prepared, run / CANDIDATE, contract.rows)
            verdicts = [one.evidence for one in found]
            beside = compare(
                target,
                contract,
                verdicts,
                run / REFERENCE,
                start,
                progress,
                migration_problem=made.migration_problem,
            )
    notes += reached_bounds(run)
    return keep(target.workspace, run, fixes, found, notes, sandbox.found(), started, beside, migrations)


def keep(
    workspace: Workspace,
    run: Path,
    fixes: Sequence[Fix],
    found: Sequence[Measured],
    notes: tuple[str, ...],
    means: Means,
    started: float,
    beside: Beside | None = None,
    migrations: tuple[Finding, ...] = (),
) -> Checked:
    """Write the evidence to the run, and return it. `started` is a time of time.monotonic()."""
    kept = {
        one.evidence.bug: replace(one.evidence, raw=records.keep_raw(run, one.evidence.bug, one.raw))
        for one in found
    }
    evidence = tuple(kept[number] for number in sorted(kept))
    if beside:
        notes = (*notes, *beside.notes)
    records.keep(workspace, run, evidence, notes, str(means.level), beside, migrations)
    by_number = {fix.number: fix for fix in fixes}
    bugs = tuple(Bug(number, by_number[number].title, by_number[number].symptom) for number in sorted(kept))
    seconds = time.monotonic() - started
    level, better = means.level, means.better
    return Checked(
        bugs, evidence, notes, run, seconds, level=level, better=better, beside=beside, migrations=migrations
    )
