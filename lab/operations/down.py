"""Take the lab down."""

import os
import shutil
from dataclasses import dataclass

from lab.database_url import DatabaseUrl
from lab.errors import DatabaseUnreachable
from lab.lock import exclusive_lock
from lab.operations import build, runtimes
from lab.operations.runtimes import runtime_of
from lab.operations.settings import EMBEDDED, load_settings
from lab.progress import Progress, Update, silent
from lab.shadow import remove_leftovers
from lab.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Down:
    """What was stopped, and whether the data went with it."""

    services: tuple[str, ...]
    database: bool
    destroyed: bool
    left: str = ""
    """Where data stays that could not be reached to be deleted."""


def down(workspace: Workspace, *, destroy: bool = False, progress: Progress = silent) -> Down:
    """Stop everything that we started; `destroy` also deletes the lab's data, logs and records.

    Raises:
        EnvironmentFault: something of ours would not stop.
        Refused: another lab is at work here.
    """
    with exclusive_lock(workspace.lock, progress=progress):
        return _down(workspace, destroy, progress)


def _down(workspace: Workspace, destroy: bool, progress: Progress) -> Down:
    progress(Update("Stopping the lab"))
    settings = load_settings(workspace)
    kind = settings.runtime
    left = ""
    if destroy and kind == EMBEDDED and (settings.server or os.environ.get(runtimes.SERVER)):
        runtime = runtime_of(workspace)
        try:
            build.remove(workspace, runtime.account, runtime.database)
        except DatabaseUnreachable:
            left = str(DatabaseUrl.parse(runtime.url))
    remove_leftovers(workspace.runs, None)  # services of measurements that were killed; their databases wait
    services, database = (runtimes.destroy if destroy else runtimes.halt)(workspace, kind)
    workspace.database_url_file.unlink(missing_ok=True)
    if destroy:
        for path in (workspace.data.parent, workspace.logs, workspace.service_records):
            if path.exists():
                shutil.rmtree(path)
        for file in (workspace.settings, workspace.location_file):
            file.unlink(missing_ok=True)
    return Down(services, database, destroy, left)
