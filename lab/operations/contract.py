"""Whether all that worked still works: the second half of a verdict.

The code under test and a reference get the same requests, each with a database of its own. A difference that
the contract does not leave open is a regression, and so is a row that a migration lost.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import psycopg2

from lab import shipped
from lab.engine.kept_rows import Relations, Rows, lost
from lab.errors import EnvironmentFault, Refused
from lab.operations.conversation import Unreadable
from lab.operations.kept_reference import KeptReference, kept_reference
from lab.operations.reference import reference
from lab.operations.target import Target
from lab.probing.contract.declared import Declared
from lab.probing.contract.regressions import Comparison, System
from lab.probing.contract.results import Beside, Regression
from lab.probing.contract.script import Script
from lab.probing.evidence import Evidence, Verdict
from lab.probing.loading import Contract
from lab.progress import Progress, Update
from lab.shadow.data import TOO_LATE
from lab.shadow.system import Given

SEED = 1
"""Of the random life cycles: every check of the same code sends the same."""

REFERENCE, CANDIDATE = "reference", "candidate"
"""Folders in the run's, one of each system."""

SOLVED = {Verdict.FIXED, Verdict.MASKED}


class Side(System, Protocol):
    """One of the two systems, with its rows: a `lab.shadow.system.System`, or one in a box."""

    @property
    def rows(self) -> Rows: ...
    @property
    def before(self) -> Relations: ...
    @property
    def problem(self) -> str: ...
    @property
    def migration_problem(self) -> str: ...


Start = Callable[[Given], AbstractContextManager[Side]]


def compare(
    target: Target,
    contract: Contract,
    evidence: Iterable[Evidence],
    folder: Path,
    start: Start,
    progress: Progress,
    *,
    migration_problem: str = "",
    seed: int = SEED,
) -> Beside:
    """Compare the code under test, which `start` starts, with the reference, in `folder`.

    Routes of bugs whose evidence is neither fixed nor masked are left out. `migration_problem` says why its
    migrations failed before, on the rows of the seed. `seed` is that of the random life cycles.

    What fails here is the `problem` of the result. Raises LabError: a revision of a fix failed.
    """
    started = time.monotonic()
    solved = {one.bug for one in evidence if one.verdict in SOLVED}
    declared = contract.declared
    unsolved = frozenset(fix.slug for fix in target.catalog.measurable if fix.number not in solved)
    fixes = [fix for fix in target.catalog.fixes if fix.number in solved or fix.slug in declared.always]
    scripts = comparable(contract.scripts(seed), declared, unsolved)
    given = _given(declared, unsolved)
    code = (target.workspace.library.digest(), shipped.digest(target.workspace))
    parts = (*code, [fix.revision for fix in fixes], given)
    progress(Update("Starting the services"))
    try:
        with (
            kept_reference(
                target.prepared.home,
                scripts,
                parts,
                reference(target, fixes, folder, contract.rows, given, progress),
            ) as baseline,
            start(given) as candidate,
        ):
            if problem := baseline.problem:
                raise EnvironmentFault(f"The reference cannot be started: {problem}.")
            if candidate.migration_problem:
                found = _not_migrated(candidate.migration_problem, migration_problem)
            else:
                found = _found(baseline, candidate, contract, scripts, progress)
    except (EnvironmentFault, Refused) as error:  # the verdicts on the bugs are not lost
        found = Beside(problem=" ".join(str(error).split()).rstrip("."))
    return replace(found, seconds=round(time.monotonic() - started, 3))


def _given(declared: Declared, unsolved: frozenset[str]) -> dict[str, dict[str, str]]:
    """Return the variables that the services get while these bugs are there, by service."""
    given: dict[str, dict[str, str]] = {}
    for slug in sorted(unsolved):
        for service, variables in declared.given.get(slug, {}).items():
            given[service] = {**given.get(service, {}), **variables}
    return given


def comparable(scripts: Iterable[Script], declared: Declared, unsolved: frozenset[str]) -> tuple[Script, ...]:
    """Return the scripts without the requests that need a fix which is not there, but for light ones."""
    out = {route for slug in unsolved for route in declared.needs.get(slug, ())}
    kept = (
        replace(script, calls=tuple(call for call in script.calls if call.light or call.route not in out))
        for script in scripts
    )
    return tuple(script for script in kept if script.calls)


def _not_migrated(problem: str, before: str) -> Beside:
    """Return what is found if the migrations failed. If they did so before, the reason is known."""
    if before:
        return Beside(problem="its migrations failed")
    if problem.startswith(TOO_LATE):  # they did end before: this machine is slow
        return Beside(problem=problem)
    name = "the migrations"
    return Beside(regressions=(Regression(name, name, "", "to run on any rows", problem),))


def _found(
    baseline: KeptReference,
    candidate: Side,
    contract: Contract,
    scripts: Sequence[Script],
    progress: Progress,
) -> Beside:
    gone = tuple(_gone(baseline, candidate, progress))
    if candidate.problem:
        return Beside(regressions=gone, problem=candidate.problem)
    requests = sum(len(script.calls) for script in scripts)
    progress(Update(f"Comparing {requests:,} requests"))
    comparison = Comparison(baseline, candidate, contract.declared, contract.spare)
    compared = comparison.compare(
        scripts, lambda count: progress(Update(f"Trying again what differs: {count}"))
    )
    baseline.doubted = bool(compared.unsure)
    return Beside(requests, (*gone, *compared.regressions), compared.unsure, compared.notes)


def _gone(baseline: KeptReference, candidate: Side, progress: Progress) -> Iterator[Regression]:
    """Yield what the migrations lost. Raises EnvironmentFault: the reference's rows cannot be read."""
    if not candidate.before:
        return
    progress(Update("Comparing the rows"))
    try:
        for place, what in lost(candidate.before, baseline.rows, candidate.rows):
            yield Regression(place, "the migrations", place, "all rows and values kept", what)
    except (psycopg2.Error, Unreadable) as error:
        reason = " ".join(str(error).split())
        yield Regression("the migrations", "the migrations", "", "rows that can be read", reason)
