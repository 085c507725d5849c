"""Reset the database to the seeded rows, and on request the code to the shipped code.

If only the database is reset, applied fixes stay applied. If the code is reset too, they are reverted.
Some modules are imported only when needed, so that `lab reset` takes little longer than the copy itself.
"""

import time
from dataclasses import dataclass
from pathlib import PurePosixPath

from lab import shipped
from lab.catalog import revision_of
from lab.engine import journal
from lab.engine.schema import read_schema
from lab.errors import DatabaseUnreachable, LabError, Refused
from lab.lock import exclusive_lock
from lab.operations.restore_code import RestoredCode, record_reverted, restore_code
from lab.operations.runtimes import require_up, runtime_of
from lab.operations.template import replaced_database, shipped_head
from lab.progress import Progress, Update, silent
from lab.runtime import databases
from lab.runtime.base import Runtime
from lab.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Reset:
    """The seconds for the database, its revision, the applied fixes, and the code (None: not reset).

    `has_own_migrations`: there are revisions beside the shipped ones, which the database does not have now.
    `recovered` are the fixes of an interrupted change that was recovered first: they are not applied.
    """

    seconds: float
    revision: str
    fixes: tuple[int, ...]
    code: RestoredCode | None
    has_own_migrations: bool = False
    recovered: tuple[int, ...] = ()


def reset(workspace: Workspace, *, code: bool = False, progress: Progress = silent) -> Reset:
    """Replace the database by a copy of the template. The services reconnect by themselves.

    `code` also restores the shipped code, after saving the edits as a patch, and restarts the services. If
    the database fails then, the message says that the code is restored already.

    Raises:
        EnvironmentFault: the lab is not up or has no template, or a file cannot be written.
        Locked: another lab is changing the workspace.
        Refused: an interrupted change cannot be recovered, a kept shipped file is damaged, or the database
            has the schema of a fix that the library lacks, and no SQL is kept for it.
    """
    if code:
        with exclusive_lock(workspace.lock, progress=progress):
            return _reset_code_and_database(workspace, progress)
    recovered: tuple[int, ...] = ()
    if workspace.journal.exists():
        from lab.operations import fixes

        recovered = fixes.recover(workspace).fixes
    with exclusive_lock(workspace.lock, progress=progress):
        runtime = runtime_of(workspace)
        require_up(runtime)
        applied = _applied_fixes(workspace, runtime)
        seconds = _reset_database(workspace, runtime, applied, progress)
        has_own = _has_own_migrations(workspace)
        return Reset(seconds, shipped_head(workspace), applied, None, has_own, recovered)


def _reset_code_and_database(workspace: Workspace, progress: Progress) -> Reset:
    """Restore the code first: with a damaged compose file, the database cannot be found."""
    restored = restore_code(workspace, progress)
    done = f"The shipped code is back. {restored.saved_note}".rstrip()
    try:
        runtime = runtime_of(workspace)
        require_up(runtime)
        seconds = _reset_database(workspace, runtime, (), progress)
        record_reverted(workspace)
        done = f"The shipped code and the database are back. {restored.saved_note}".rstrip()
        if restored.changed:
            progress(Update("Restarting the services"))
            runtime.stop_services()
            runtime.start_services()
        return Reset(seconds, shipped_head(workspace), (), restored)
    except KeyboardInterrupt as pressed:
        pressed.add_note(f"{done} To see what else was done: lab status")
        raise
    except LabError as error:
        error.message = f"{done} The rest was not done: {error.message}"
        raise


def _reset_database(
    workspace: Workspace, runtime: Runtime, applied: tuple[int, ...], progress: Progress
) -> float:
    """Replace the database, with the schema of the applied fixes. Return the seconds that it took."""
    progress(Update("Copying the template database"))
    started = time.monotonic()
    with replaced_database(workspace, runtime) as url:
        if applied:
            from lab.operations.fixes import sync_schema

            sync_schema(workspace, url, applied)
        progress(Update("Replacing the database"))
    return time.monotonic() - started


def _has_own_migrations(workspace: Workspace) -> bool:
    """Whether a file in the folder of the shipped revisions is no shipped one."""
    shipped_paths = {file.path for file in shipped.files(workspace)}
    folders = {path.parent for path in shipped_paths if path.parent.name == "versions"}
    found = (path for folder in folders for path in (workspace.root / folder).glob("*.py"))
    return any(PurePosixPath(path.relative_to(workspace.root)) not in shipped_paths for path in found)


def _applied_fixes(workspace: Workspace, runtime: Runtime) -> tuple[int, ...]:
    """Return the fixes that the database records; if it was dropped by hand, those that the code has."""
    try:
        recorded = read_schema(runtime.url).recorded
    except DatabaseUnreachable:
        if databases.exists(runtime.account, runtime.database):
            raise
        from lab.operations.fix_status import fixes_in_code

        return fixes_in_code(workspace)
    if not recorded:
        return ()
    known = {revision_of(number): number for number in _known_fixes(workspace)}
    if unknown := sorted(recorded - known.keys()):
        raise Refused(
            f"The database has the schema of {', '.join(unknown)}, which this lab lacks: it would be lost.",
            "Nothing was changed. Have it reset with the lab that applied it, lab -C DIR reset; or reset the "
            "code too: lab reset --code",
        )
    return tuple(sorted(known[revision] for revision in recorded))


def _known_fixes(workspace: Workspace) -> tuple[int, ...]:
    if workspace.library.is_handout:
        return tuple(journal.given_sql(workspace))
    from lab.operations.catalog import catalog_of

    return tuple(fix.number for fix in catalog_of(workspace).fixes)
