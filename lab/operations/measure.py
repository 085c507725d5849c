"""Measure the bugs: check how each stands, in a shadow of the lab that the running one never notices."""

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
    """What was measured, in the order of the bugs' numbers; `run` is the folder that holds all of it."""

    bugs: tuple[Bug, ...]
    evidence: tuple[Evidence, ...]
    notes: tuple[str, ...]
    run: Path
    seconds: float

    @property
    def symptoms(self) -> tuple[Evidence, ...]:
        return tuple(one for one in self.evidence if one.verdict.shows_symptom)

    @property
    def unmeasured(self) -> tuple[Evidence, ...]:
        return tuple(one for one in self.evidence if one.verdict is Verdict.UNMEASURED)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a workspace is measured: its server's account, its database, the library's fixes."""

    workspace: Workspace
    account: Account
    database: str
    fixes: tuple[Fix, ...]

    @property
    def template(self) -> str:
        return template_of(self.database)

    def recorded(self) -> tuple[Fix, ...]:
        """The fixes whose revisions the workspace's database has."""
        recorded = read_schema(self.account.url(self.database)).recorded
        return tuple(fix for fix in self.fixes if fix.revision in recorded)


def check(
    workspace: Workspace, tokens: Sequence[str] = (), *, full: bool = False, progress: Progress = silent
) -> Checked:
    """Measure these bugs, all when none is named; `full` measures to the end what is certain before.

    Raises:
        UsageError: a token means no bug that can be measured.
        EnvironmentFault: the lab is not up.
        Locked: another lab is changing the workspace, and goes on.
    """
    here = prepare_target(workspace)
    numbers = select_bugs(here, tokens)
    origin = Source(workspace, here.account, here.template, here.database, here.recorded)
    return measure_in_shadow(here, origin, numbers, full=full, progress=progress)


def prepare_target(workspace: Workspace) -> Target:
    """The workspace's database, which must be up; what killed measurements left there is taken down.

    Raises:
        DatabaseUnreachable: it is not.
    """
    url = workspace_url(workspace)
    connect(url).close()
    parsed = DatabaseUrl.parse(url)
    account = Account.from_url(parsed)
    remove_leftovers(workspace.runs, account)
    return Target(workspace, account, parsed.database, catalog_of(workspace).fixes)


def select_bugs(here: Target, tokens: Sequence[str]) -> tuple[int, ...]:
    """The bugs that the tokens mean; every one that has a probe when there are none.

    Raises:
        UsageError: one means nothing, or a bug that nothing measures.
    """
    if not tokens:
        return tuple(sorted(PROBES))
    plain = [int(token) for token in tokens if token.isdecimal()]
    # A bug can be measured whatever became of its fix: only other words are looked up in the library.
    words = [token for token in tokens if not token.isdecimal()]
    named = catalog_of(here.workspace).select(words) if words else ()
    numbers = tuple(sorted({*plain, *(fix.number for fix in named)}))
    unknown = [number for number in numbers if number not in PROBES]
    if unknown:
        known = ", ".join(map(str, sorted(PROBES)))
        raise UsageError(f"Nothing measures bug {unknown[0]}.", f"Those that can be measured: {known}.")
    return numbers


def measure_in_shadow(
    here: Target, origin: Source, numbers: Sequence[int], *, full: bool = False, progress: Progress = silent
) -> Checked:
    """Measure the bugs in a shadow of `origin`, and keep what was found."""
    started = time.monotonic()
    run = records.begin(here.workspace)
    titles = {fix.number: fix.title for fix in here.fixes}
    found: dict[int, Evidence] = {}
    needed = {service for number in numbers for service in NEEDS[number]}
    with shadow(origin, run.folder, services=needed, full=full, progress=progress) as made:

        def tell(bug: int) -> None:
            progress(Update(f"Measuring bug {bug}: {titles.get(bug, '')}", len(found), len(numbers)))

        for one in measure(
            made.endpoints,
            numbers,
            tell,
            compose_problem=made.compose_problem,
            migration_problem=made.migration_problem,
        ):
            raw = records.keep_raw(run, one.evidence.bug, one.raw)
            found[one.evidence.bug] = replace(one.evidence, raw=raw)
    evidence = tuple(found[number] for number in sorted(found))
    records.keep(run, evidence, made.notes)
    bugs = tuple(Bug(number, titles.get(number, "")) for number in sorted(found))
    return Checked(bugs, evidence, made.notes, run.folder, time.monotonic() - started)
