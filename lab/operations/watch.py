"""Measure again whenever a file of the code is saved: the bugs that the change may affect."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from lab import records
from lab.catalog import Catalog, Fix
from lab.errors import LabError
from lab.library import COMPOSE_FILE
from lab.operations.catalog import catalog_of
from lab.operations.measure import Checked, Verdict, check, prepare_target, select_bugs
from lab.operations.saved_files import SavedFiles
from lab.profile import Profile, profile_of
from lab.progress import Progress
from lab.shadow.spare import Spare, discard, make_spare
from lab.workspace import Workspace


def check_on_save(
    workspace: Workspace,
    tokens: Sequence[str],
    progress: Callable[[], AbstractContextManager[Progress]],
    *,
    thorough: bool = False,
) -> Iterator[Checked]:
    """Measure the bugs, then those that each saved file may affect, until the iterator is closed.

    What is measured again has the verdicts from before as `previous`.
    The database for a measurement is copied while the files are watched. Raises as `check` and `Watch.wait`.
    """
    files = Watch(workspace, tokens)
    with progress() as report:
        checked = check(workspace, tokens, thorough=thorough, bugs_only=True, progress=report)
    yield checked
    known: dict[int, Verdict] = {}
    while True:
        known |= {one.bug: one.verdict for one in checked.evidence}
        with _spare(workspace) as spare:
            tokens = files.wait()
            with progress() as report:
                checked = check(
                    workspace, tokens, thorough=thorough, spare=spare, bugs_only=True, progress=report
                )
        checked = replace(checked, previous=known.copy())
        yield checked


@contextmanager
def _spare(workspace: Workspace) -> Iterator[Spare | None]:
    """Make a spare, and discard it if the block fails. None if none can be made: `check` then says why."""
    try:
        target = prepare_target(workspace)
        run = records.begin(workspace)
        spare = make_spare(target.prepared, target.applied_fixes(), run)
    except LabError:
        yield None
        return
    try:
        yield spare
    except BaseException:
        with suppress(LabError):
            discard(spare)
        raise


class Watch:
    """Watches the code from its creation on, so that a file saved during a measurement is not missed."""

    def __init__(self, workspace: Workspace, tokens: Sequence[str]) -> None:
        self._catalog = catalog_of(workspace)
        self._profile = profile_of(workspace)
        self._numbers = sorted(fix.number for fix in select_bugs(self._catalog, tokens))
        self._files = SavedFiles(workspace)

    def wait(self) -> tuple[str, ...]:
        """Wait until a file that may affect chosen bugs is saved or deleted. Return their numbers as text.

        Raises:
            EnvironmentFault: the files cannot be watched.
        """
        while True:
            touched = {
                bug for path in self._files.next() for bug in touches(self._catalog, self._profile, path)
            }
            if hit := tuple(str(number) for number in self._numbers if number in touched):
                return hit


def touches(catalog: Catalog, profile: Profile, path: Path) -> frozenset[int]:
    """Return the bugs that a change of this file, relative to the workspace, may affect.

    In a service's folder, these are the bugs whose probe needs that service or whose patch changes it. Of the
    compose file, they are those whose patch changes it. Any other file may affect all bugs.
    """
    fixes = catalog.measurable
    if path == COMPOSE_FILE:
        about = {fix.number for fix in fixes if any(Path(file.path) == path for file in fix.files)}
    elif service := profile.service_of(path):
        about = {fix.number for fix in fixes if service in _services(fix, profile)}
    else:
        about = set()
    return frozenset(about or {fix.number for fix in fixes})


def _services(fix: Fix, profile: Profile) -> set[str | None]:
    """Return the services that the fix's probe needs, and those in whose folders its patch changes a file."""
    needed = fix.probe.services if fix.probe else ()
    return {*needed, *(profile.service_of(file.path) for file in fix.files)}
