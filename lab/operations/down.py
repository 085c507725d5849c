"""Take the lab down: stop what `up` started, and on request delete its data."""

import os
import shutil
from dataclasses import dataclass

from lab.database_url import DatabaseUrl
from lab.errors import DatabaseUnreachable
from lab.lock import exclusive_lock
from lab.operations import runtimes
from lab.operations.prepared import remove_unfinished
from lab.operations.runtimes import runtime_of
from lab.operations.settings import EMBEDDED, load_settings
from lab.operations.template import remove_databases
from lab.progress import Progress, Update, silent
from lab.shadow.leftovers import remove_leftovers
from lab.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Down:
    """The services that ran, whether the database ran, and whether deletion was asked for.

    `left` is the database (host:port/name) that was not deleted because its server did not answer; empty if
    there is none.
    """

    services: tuple[str, ...]
    database: bool
    destroyed: bool
    left: str = ""


def down(workspace: Workspace, *, destroy: bool = False, progress: Progress = silent) -> Down:
    """Stop every process that lab started; `destroy` also deletes its databases, logs and settings.

    Raises:
        EnvironmentFault: a process did not stop, or the server did not drop a database.
        Locked: another lab is changing the workspace.
        Refused: the database to delete belongs to another workspace. Nothing was changed.
    """
    with exclusive_lock(workspace.lock, progress=progress):
        progress(Update("Stopping the lab"))
        kind = load_settings(workspace).runtime
        left = _drop_on_existing_server(workspace) if destroy else ""
        remove_leftovers(workspace)
        remove_unfinished(workspace)
        services, database = runtimes.stop(workspace, kind, destroy=destroy)
        workspace.database_url_file.unlink(missing_ok=True)
        if destroy:
            for folder in (workspace.data.parent, workspace.logs, workspace.service_records):
                if folder.exists():
                    shutil.rmtree(folder)
            for file in (workspace.settings, workspace.location_file):
                file.unlink(missing_ok=True)
        return Down(services, database, destroy, left)


def _drop_on_existing_server(workspace: Workspace) -> str:
    """Drop the databases if LAB_DATABASE_URL names their server. Return one that could not be reached."""
    settings = load_settings(workspace)
    if settings.runtime == EMBEDDED and (settings.server or os.environ.get(runtimes.SERVER_VARIABLE)):
        runtime = runtime_of(workspace)
        try:
            remove_databases(workspace, runtime)
        except DatabaseUnreachable:
            return str(DatabaseUrl.parse(runtime.url))
    return ""
