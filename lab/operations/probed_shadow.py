"""Use a shadow: probe it for the bugs, and see what its code and its migrations did there."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from lab.catalog import Fix
from lab.library import COMPOSE_FILE, Library
from lab.probing import verdict
from lab.probing.bench import Bench
from lab.probing.loading import load_probe
from lab.probing.statements import statements_about_the_server
from lab.probing.verdict import Measured
from lab.progress import Progress, Update
from lab.review.finding import Finding
from lab.review.source import read_sources
from lab.review.statement_findings import findings_of
from lab.review.work import tables_of
from lab.shadow.shadow import Shadow


def bugs_to_measure(library: Library, fixes: Sequence[Fix]) -> tuple[verdict.Bug, ...]:
    """Return the bugs of these fixes with their probes. Raises as `load_probe`."""
    return tuple(bug_to_measure(library, fix) for fix in fixes)


def bug_to_measure(library: Library, fix: Fix) -> verdict.Bug:
    """Return the bug of this fix with its probe. Raises as `load_probe`."""
    return verdict.Bug(
        fix.number,
        load_probe(library.probes, fix.slug),
        in_compose_file=any(Path(file.path) == COMPOSE_FILE for file in fix.files),
    )


def services_of(fixes: Sequence[Fix]) -> dict[str, bool]:
    """Return the services that the fixes' probes need; the value is true if one needs every instance."""
    services: dict[str, bool] = {}
    for needs in (fix.probe for fix in fixes if fix.probe):
        services |= {name: services.get(name, False) or needs.replicas for name in needs.services}
    return services


def probed(
    bugs: Sequence[verdict.Bug], numbers: Mapping[str, int], made: Shadow, progress: Progress
) -> Iterator[Measured]:
    """Measure the bugs in the shadow. `numbers` has that of each bug, by its slug."""
    place = {bug.number: index for index, bug in enumerate(bugs)}

    def announce(number: int) -> None:
        progress(Update(f"Measuring bug {number}", place[number], len(bugs)))

    yield from verdict.measure(
        made.bench,
        bugs,
        announce,
        numbers=numbers,
        compose_problem=made.compose_problem,
        migration_problem=made.migration_problem,
    )


def looks(bench: Bench) -> tuple[str, ...]:
    """Return a note on the statements of the candidate's that looked at the server's own state."""
    found = statements_about_the_server(bench.database)
    if not found:
        return ()
    more = f", and {len(found) - 1} more" if len(found) > 1 else ""
    return (f"The code looks at the state of the server, which a person must judge: {found[0]}{more}",)


def findings_on(made: Shadow) -> tuple[Finding, ...]:
    """Return what is wrong with what the candidate's migrations did in the shadow."""
    if made.migrated is None or made.before is None:
        return ()
    done = made.migrated
    files = [*(one.file for one in done.statements), done.failure.file if done.failure else ""]
    sources = read_sources(made.material.code.workspace.root, dict.fromkeys(filter(None, files)))
    return tuple(findings_of(done, {one.file: one for one in sources}, tables_of(made.before)))
