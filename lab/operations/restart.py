"""Restart services of a running lab: the named ones, or those whose code has changed."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from lab.errors import EnvironmentFault
from lab.library import COMPOSE_FILE
from lab.lock import exclusive_lock
from lab.operations.runtimes import require_services, require_up, runtime_of
from lab.operations.status import Status, status
from lab.profile import profile_of
from lab.progress import Progress, Update, silent
from lab.workspace import Workspace


def restart(workspace: Workspace, services: Iterable[str] = (), *, progress: Progress = silent) -> Status:
    """Stop and start the named services (default: all) with the current compose file. Return the new status.

    A service that does not become healthy raises nothing: see the status.

    Raises:
        UsageError: there is no service of that name, or the compose file cannot be used.
        EnvironmentFault: the lab is not up.
        Locked: another lab is changing the workspace.
    """
    with exclusive_lock(workspace.lock, progress=progress):
        runtime = runtime_of(workspace)
        names = tuple(dict.fromkeys(services))
        require_services(names, runtime.services)
        require_up(runtime)
        progress(Update(f"Restarting {', '.join(names) or 'the services'}"))
        runtime.stop_services(names)
        runtime.start_services(names)
    return status(workspace, runtime)


def restart_changed(workspace: Workspace, changed: Iterable[Path]) -> tuple[str, ...]:
    """Restart the services that may run these files and were started from others. Return their names.

    A service that was never started, or was stopped by `lab down`, is left as it is. The caller holds the
    workspace's lock. Raises LabError: a service did not stop or start.
    """
    if not workspace.database_url_file.exists():
        return ()
    runtime = runtime_of(workspace)
    paths = [path.relative_to(workspace.root) for path in changed]
    profile, outdated = profile_of(workspace), runtime.outdated()
    names = tuple(
        name
        for name in runtime.services
        if name in outdated and any(path == COMPOSE_FILE or profile.runs(name, path) for path in paths)
    )
    if not names or not runtime.database_running():
        return ()
    runtime.stop_services(names)
    late = runtime.start_services(names)
    if late:  # one in the foreground may be at a breakpoint
        late = tuple(one.name for one in runtime.status() if one.name in late and not one.foreground)
    if late:
        raise EnvironmentFault(
            f"{', '.join(late)} runs, but does not answer GET /health after the restart.",
            f"See its log: lab logs {late[0]}",
        )
    return names


def crashes(workspace: Workspace, names: Sequence[str]) -> tuple[str, ...]:
    """Return a sentence on each of these services that has crashed."""
    return tuple(
        f"{one.name} has crashed (exit {one.exit_code}, {one.reason}). Its log: lab logs {one.name}"
        for one in runtime_of(workspace).status()
        if one.name in names and one.crashed
    )
