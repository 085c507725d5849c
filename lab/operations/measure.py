"""Measure the bugs in a shadow: a copy of the lab, so that the running lab is not disturbed."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lab import records
from lab.catalog import Fix
from lab.database import connect, workspace_url
from lab.database_url import DatabaseUrl
from lab.engine.schema import read_schema
from lab.errors import UsageError
from lab.operations.catalog import catalog_of
from lab.operations.ownership import template_of
from lab.probes.evidence import Evidence as Evidence
from lab.probes.evidence import Figure as Figure
from lab.probes.evidence import Verdict as Verdict
from lab.probes.suite import NEEDS, PROBES
from lab.probes.verdict import measure
from lab.progress import Progress, Update, silent
from lab.runtime.account import Account
from lab.shadow import Source, remove_leftovers, shadow
from lab.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Bug:
    """A bug by its number and title."""

    number: int
    title: str


@dataclass(frozen=True, slots=True)
class Checked:
    """The evidence by rising number of the bugs. `run` is the folder with it and the raw data.

    `notes` say what the shadow copied from the candidate's database, and what failed in it.
    """

    bugs: tuple[Bug, ...]
    evidence: tuple[Evidence, ...]
    notes: tuple[str, ...]
    run: Path
    seconds: float

    @property
    def symptoms(self) -> tuple[Evidence, ...]:
        return tuple(one for one in self.evidence if one.verdict.fails_check)

    @property
    def unmeasured(self) -> tuple[Evidence, ...]:
        return tuple(one for one in self.evidence if one.verdict is Verdict.UNMEASURED)


@dataclass(frozen=True, slots=True)
class Target:
    """A workspace whose lab is up, to be measured: its server and database, and the usable fixes."""

    workspace: Workspace
    account: Account
    database: str
    fixes: tuple[Fix, ...]

    @property
    def template(self) -> str:
        return template_of(self.database)

    def applied_fixes(self) -> tuple[Fix, ...]:
        """Read from the database which usable fixes are applied. Raises DatabaseUnreachable."""
        recorded = read_schema(self.account.url(self.database)).recorded
        return tuple(fix for fix in self.fixes if fix.revision in recorded)


def check(
    workspace: Workspace, tokens: Sequence[str] = (), *, full: bool = False, progress: Progress = silent
) -> Checked:
    """Measure the bugs that the tokens mean (default: all). `full` goes on after the verdict is certain.

    Raises:
        UsageError: a token means no bug that has a probe.
        EnvironmentFault: the lab is not up, or the shadow cannot be made.
        Locked: another lab is changing the workspace.
    """
    target = prepare_target(workspace)
    numbers = select_bugs(target, tokens)
    source = Source(workspace, target.account, target.template, target.database, target.applied_fixes)
    return measure_in_shadow(target, source, numbers, full=full, progress=progress)


def prepare_target(workspace: Workspace) -> Target:
    """Clean up after killed measurements; return the target. Raises EnvironmentFault if the lab is not up."""
    url = workspace_url(workspace)
    connect(url).close()
    parsed = DatabaseUrl.parse(url)
    account = Account.from_url(parsed)
    remove_leftovers(workspace.runs, account)
    return Target(workspace, account, parsed.database, catalog_of(workspace).fixes)


def select_bugs(target: Target, tokens: Sequence[str]) -> tuple[int, ...]:
    """Return the numbers of the bugs that the tokens mean, rising; without tokens, of all that have a probe.

    Raises:
        UsageError: a token means no bug that has a probe, or a folder that cannot be used.
    """
    if not tokens:
        return tuple(sorted(PROBES))
    # Only words are looked up in the catalog: a bug can be measured by its number even if its fix is broken.
    words = [token for token in tokens if not token.isdecimal()]
    named = catalog_of(target.workspace).select(words) if words else ()
    numbers = {*(int(token) for token in tokens if token.isdecimal()), *(fix.number for fix in named)}
    if unknown := sorted(numbers - PROBES.keys()):
        known = ", ".join(map(str, sorted(PROBES)))
        raise UsageError(f"There is no probe for bug {unknown[0]}.", f"The bugs with a probe are {known}.")
    return tuple(sorted(numbers))


def measure_in_shadow(
    target: Target, source: Source, numbers: Sequence[int], *, full: bool = False, progress: Progress = silent
) -> Checked:
    """Measure the bugs in a shadow of `source`, and keep the evidence in a run. Raises as `shadow` does."""
    started = time.monotonic()
    run = records.begin(target.workspace)
    titles = {fix.number: fix.title for fix in target.fixes}
    found: dict[int, Evidence] = {}
    services = {service for number in numbers for service in NEEDS[number]}
    with shadow(source, run, services=services, full=full, progress=progress) as made:

        def announce(bug: int) -> None:
            progress(Update(f"Measuring bug {bug}: {titles.get(bug, '')}", len(found), len(numbers)))

        for one in measure(
            made.endpoints,
            numbers,
            announce,
            compose_problem=made.compose_problem,
            migration_problem=made.migration_problem,
        ):
            raw = records.keep_raw(run, one.evidence.bug, one.raw)
            found[one.evidence.bug] = replace(one.evidence, raw=raw)
    evidence = tuple(found[number] for number in sorted(found))
    records.keep(run, evidence, made.notes)
    bugs = tuple(Bug(number, titles.get(number, "")) for number in sorted(found))
    return Checked(bugs, evidence, made.notes, run, time.monotonic() - started)
