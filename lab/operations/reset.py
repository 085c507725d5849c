"""Put the lab back: the database to as seeded, and on request the code to as shipped.

Applied fixes stay applied, schema and code as one, when only the database is put back; with the code they go.
"""

import time
from dataclasses import dataclass

from lab.engine import journal
from lab.engine.schema import read_schema
from lab.engine.verb import Verb
from lab.errors import LabError
from lab.lock import exclusive_lock
from lab.operations import build, fixes
from lab.operations.catalog import catalog_of
from lab.operations.fix_status import fixes_in_code
from lab.operations.restart import require_up
from lab.operations.restore_code import RestoredCode, restore_code
from lab.operations.runtimes import runtime_of
from lab.progress import Progress, Update, silent
from lab.runtime import databases
from lab.runtime.base import Runtime
from lab.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Reset:
    """What stands now: the database's revision, the fixes whose schema was put on again, and the code's fate.

    `seconds` is what the database took.
    """

    seconds: float
    revision: str
    fixes: tuple[int, ...]
    code: RestoredCode | None


def reset(workspace: Workspace, *, code: bool = False, progress: Progress = silent) -> Reset:
    """The database back to as seeded, copied from the template; the services connect again by themselves.

    `code` also puts the shipped code back, after saving the edits as a patch, and restarts the services.

    Raises:
        EnvironmentFault: the lab is not up, or has no template.
        Refused: another lab is at work here, or an interrupted change cannot be taken back.
    """
    if code:
        with exclusive_lock(workspace.lock, progress=progress):
            return _whole(workspace, progress)
    if journal.read(workspace) is not None:
        fixes.recover(workspace)
    with exclusive_lock(workspace.lock, progress=progress):
        runtime = runtime_of(workspace)
        require_up(runtime)
        applied = _applied(workspace, runtime)
        seconds = _renew(workspace, runtime, applied, progress)
        return Reset(seconds, build.shipped_head(workspace), applied, None)


def _whole(workspace: Workspace, progress: Progress) -> Reset:
    """Code first: a damaged compose file would keep us from the database."""
    restored = restore_code(workspace)
    done = "The shipped code is back."
    try:
        runtime = runtime_of(workspace)
        require_up(runtime)
        seconds = _renew(workspace, runtime, (), progress)
        _note(workspace)
        done = "The shipped code and the database are back."
        if restored.changed:
            progress(Update("Restarting the services"))
            runtime.stop_services()
            runtime.start_services()
    except KeyboardInterrupt as pressed:
        pressed.add_note(f"{done} {restored.saved_note} To see what else was done: lab status")
        raise
    except LabError as error:
        error.message = f"{done} {restored.saved_note} The rest was not done: {error.message}"
        raise
    return Reset(seconds, build.shipped_head(workspace), (), restored)


def _renew(workspace: Workspace, runtime: Runtime, applied: tuple[int, ...], progress: Progress) -> float:
    """Replace the database by a copy of the template that has the applied fixes' schema already."""
    progress(Update("Copying the template database"))
    started = time.monotonic()
    account, database = runtime.account, runtime.database
    with build.replaced_database(workspace, account, database) as fresh:
        if applied:
            fixes.sync_schema(workspace, account.url(fresh), applied)
    return time.monotonic() - started


def _applied(workspace: Workspace, runtime: Runtime) -> tuple[int, ...]:
    if not databases.exists(runtime.account, runtime.database):  # it was dropped by hand
        return fixes_in_code(workspace)
    recorded = read_schema(runtime.url).recorded
    return tuple(fix.number for fix in catalog_of(workspace).fixes if fix.revision in recorded)


def _note(workspace: Workspace) -> None:
    """Nothing is applied any more, and an interrupted change is over: both its halves are gone."""
    gone = tuple(sorted(journal.applied_by_lab(workspace)))
    if gone or journal.read(workspace):
        at = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
        journal.close_entry(workspace, journal.Event(str(Verb.REVERT), gone, at, 0.0, ()))
