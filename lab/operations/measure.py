"""Measure the bugs in a shadow: a copy of the lab, so that the running lab is not disturbed."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

from lab import records
from lab.catalog import Catalog, Fix
from lab.database import connect, workspace_url
from lab.database_url import DatabaseUrl
from lab.engine.schema import read_schema
from lab.errors import UsageError
from lab.operations.catalog import catalog_of
from lab.operations.ownership import template_of
from lab.probing import verdict
from lab.probing.bench import Bench
from lab.probing.evidence import Evidence as Evidence
from lab.probing.evidence import Figure as Figure
from lab.probing.evidence import Verdict as Verdict
from lab.probing.loading import load_probe
from lab.progress import Progress, Update, silent
from lab.runtime.account import Account
from lab.shadow.leftovers import remove_leftovers
from lab.shadow.shadow import Source, shadow
from lab.shadow.spare import Spare
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
    are watched, `previous` has the verdicts of the measurements before, by bug.
    """

    bugs: tuple[Bug, ...]
    evidence: tuple[Evidence, ...]
    notes: tuple[str, ...]
    run: Path
    seconds: float
    previous: Mapping[int, Verdict] = field(default_factory=dict)

    @property
    def symptoms(self) -> tuple[Evidence, ...]:
        return tuple(one for one in self.evidence if one.verdict.fails_check)

    @property
    def unmeasured(self) -> tuple[Evidence, ...]:
        return tuple(one for one in self.evidence if one.verdict is Verdict.UNMEASURED)


@dataclass(frozen=True, slots=True)
class Target:
    """A workspace whose lab is up, to be measured: its server and database, and the catalog."""

    workspace: Workspace
    account: Account
    database: str
    catalog: Catalog

    @property
    def template(self) -> str:
        return template_of(self.database)

    def applied_fixes(self) -> tuple[Fix, ...]:
        """Read from the database which usable fixes are applied. Raises DatabaseUnreachable."""
        recorded = read_schema(self.account.url(self.database)).recorded
        return tuple(fix for fix in self.catalog.fixes if fix.revision in recorded)


def check(
    workspace: Workspace,
    tokens: Sequence[str] = (),
    *,
    thorough: bool = False,
    spare: Spare | None = None,
    progress: Progress = silent,
) -> Checked:
    """Measure the bugs that the tokens mean (default: all). `thorough` goes on after the verdict is certain.

    A `spare` makes it faster; it is used up.

    Raises:
        UsageError: a token means no bug that has a probe.
        EnvironmentFault: the lab is not up, or the shadow cannot be made.
        Locked: another lab is changing the workspace.
    """
    target = prepare_target(workspace)
    bugs = select_bugs(target.catalog, tokens)
    source = Source(workspace, target.account, target.template, target.database, target.applied_fixes)
    return measure_in_shadow(target, source, bugs, thorough=thorough, spare=spare, progress=progress)


def prepare_target(workspace: Workspace) -> Target:
    """Clean up after killed measurements; return the target. Raises EnvironmentFault if the lab is not up."""
    url = workspace_url(workspace)
    connect(url).close()
    parsed = DatabaseUrl.parse(url)
    account = Account.from_url(parsed)
    remove_leftovers(workspace, account)
    return Target(workspace, account, parsed.database, catalog_of(workspace))


def select_bugs(catalog: Catalog, tokens: Sequence[str]) -> tuple[Fix, ...]:
    """Return the fixes whose bugs the tokens mean, in measuring order; without tokens, all with a probe.

    Raises:
        UsageError: a token means no bug that has a probe.
        InvalidFile: a token means a folder that cannot be used.
    """
    chosen = {fix.number for fix in catalog.select(tokens)} if tokens else None
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
    progress: Progress = silent,
) -> Checked:
    """Measure the bugs of these fixes in a shadow of `source`, and keep the evidence in a run.

    `change` may replace the bench that the probes get. Raises as `shadow` does, and InvalidFile if a probe
    cannot be loaded.
    """
    started = time.monotonic()
    run = spare.reserved.folder if spare else records.begin(target.workspace)
    by_number = {fix.number: fix for fix in fixes}
    found: dict[int, Evidence] = {}
    bugs = tuple(_bug(target.workspace, fix) for fix in fixes)
    slugs = {fix.slug: fix.number for fix in target.catalog.fixes}
    services: dict[str, bool] = {}
    for needs in (fix.probe for fix in fixes if fix.probe):
        services |= {name: services.get(name, False) or needs.replicas for name in needs.services}
    with (
        shadow(source, run, services=services, thorough=thorough, spare=spare, progress=progress) as made,
        change(made.bench) as bench,
    ):

        def announce(number: int) -> None:
            progress(Update(f"Measuring bug {number}", len(found), len(bugs)))

        for one in verdict.measure(
            bench,
            bugs,
            announce,
            numbers=slugs,
            compose_problem=made.compose_problem,
            migration_problem=made.migration_problem,
        ):
            raw = records.keep_raw(run, one.evidence.bug, one.raw)
            found[one.evidence.bug] = replace(one.evidence, raw=raw)
    evidence = tuple(found[number] for number in sorted(found))
    records.keep(target.workspace, run, evidence, made.notes)
    measured = tuple(
        Bug(number, by_number[number].title, by_number[number].symptom) for number in sorted(found)
    )
    return Checked(measured, evidence, made.notes, run, time.monotonic() - started)


def _bug(workspace: Workspace, fix: Fix) -> verdict.Bug:
    compose_file = workspace.compose_file.relative_to(workspace.root).as_posix()
    return verdict.Bug(
        fix.number,
        load_probe(workspace.library.probes, fix.slug),
        in_compose_file=any(file.path.as_posix() == compose_file for file in fix.files),
    )
