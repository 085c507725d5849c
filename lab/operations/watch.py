"""Measure again whenever a file of the code is saved: the bugs that the change may affect."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from lab import records
from lab.catalog import Catalog, Fix
from lab.errors import EnvironmentFault, LabError
from lab.operations.measure import Checked, check, prepare_target, select_bugs
from lab.profile import Profile, profile_of
from lab.progress import Progress
from lab.shadow import Spare, discard, make_spare
from lab.shipped import code_paths
from lab.workspace import Workspace

if TYPE_CHECKING:
    import watchfiles

COMPOSE_FILE = Workspace(Path()).compose_file
POLL = 200
"""Milliseconds between two checks whether a watched folder or file was replaced."""

STEP = 20
"""Milliseconds without another change after which a save counts as complete."""


def check_on_save(
    workspace: Workspace,
    tokens: Sequence[str],
    progress: Callable[[], AbstractContextManager[Progress]],
    *,
    thorough: bool = False,
) -> Iterator[Checked]:
    """Measure the bugs, then those that each saved file may affect, until the iterator is closed.

    The database for a measurement is copied while the files are watched. Raises as `check` and `Watch.wait`.
    """
    files = Watch(workspace, tokens)
    with progress() as report:
        checked = check(workspace, tokens, thorough=thorough, progress=report)
    yield checked
    while True:
        with _spare(workspace) as spare:
            tokens = files.wait()
            with progress() as report:
                checked = check(workspace, tokens, thorough=thorough, spare=spare, progress=report)
        yield checked


@contextmanager
def _spare(workspace: Workspace) -> Iterator[Spare | None]:
    """Make a spare, and discard it if the block fails. None if none can be made: `check` then says why."""
    try:
        target = prepare_target(workspace)
        run = records.begin(workspace)
        spare = make_spare(workspace, target.account, target.template, target.applied_fixes(), run)
    except LabError:
        yield None
        return
    try:
        yield spare
    except BaseException:
        with suppress(LabError):
            discard(spare, target.account)
        raise


class Watch:
    """Watches the code from its creation on, so that a file saved during a measurement is not missed."""

    def __init__(self, workspace: Workspace, tokens: Sequence[str]) -> None:
        self._workspace = workspace
        self._catalog = prepare_target(workspace).catalog
        self._profile = profile_of(workspace)
        self._numbers = sorted(fix.number for fix in select_bugs(self._catalog, tokens))
        self._start()

    def wait(self) -> tuple[str, ...]:
        """Wait until a file that may affect chosen bugs is saved or deleted. Return their numbers as text.

        Raises:
            EnvironmentFault: the files cannot be watched.
        """
        while True:
            changes = self._next()
            changed = {Path(path) for _, path in changes}
            deleted = {Path(path) for change, path in changes if change.name == "deleted"}
            # The kernel watches a folder, not its name: a new one of that name has to be watched instead.
            replaced = {
                path for path, inode in self._roots.items() if path in deleted or _inode(path) != inode
            }
            if replaced:
                self._start()
            root = self._workspace.root
            touched = {
                bug
                for path in changed | replaced
                for bug in touches(self._catalog, self._profile, path.relative_to(root))
            }
            if hit := tuple(str(number) for number in self._numbers if number in touched):
                return hit

    def _next(self) -> set[tuple["watchfiles.Change", str]]:
        try:
            return next(self._changes)
        except FileNotFoundError:
            raise
        except (OSError, RuntimeError) as error:  # a limit of inotify, or a folder that cannot be read
            raise EnvironmentFault(
                f"The code cannot be watched: {error}.",
                "Compare file times instead: WATCHFILES_FORCE_POLLING=1 lab check --watch",
            ) from error

    def _start(self) -> None:
        import watchfiles  # slow to import, and only --watch needs it

        files = watchfiles.DefaultFilter(ignore_dirs=["__pycache__"])
        paths = [self._workspace.root / name for name in code_paths(self._workspace)]
        started = False
        while not started:
            self._roots = {path: _inode(path) for path in paths}
            present = [path for path, inode in self._roots.items() if inode is not None]
            self._changes = watchfiles.watch(
                *present, watch_filter=files, step=STEP, rust_timeout=POLL, yield_on_timeout=True
            )
            with suppress(FileNotFoundError):  # one was deleted since
                self._next()  # watching begins here
                started = True


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


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except OSError:
        return None
