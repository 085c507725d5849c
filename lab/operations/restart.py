"""Restart services of a lab that is up: those that are named, or those whose code has changed."""

from collections.abc import Iterable
from pathlib import Path

from lab.errors import EnvironmentFault, UsageError
from lab.lock import exclusive_lock
from lab.operations.runtimes import runtime_of
from lab.operations.status import Status, status
from lab.progress import Progress, Update, silent
from lab.runtime.base import Runtime
from lab.workspace import Workspace


def restart(workspace: Workspace, services: Iterable[str] = (), *, progress: Progress = silent) -> Status:
    """Stop and start services, all when none is named, with the compose file as it is now.

    Raises:
        UsageError: there is no such service.
        EnvironmentFault: the lab is not up.
    """
    with exclusive_lock(workspace.lock, progress=progress):
        runtime = runtime_of(workspace)
        chosen = known_services(runtime, tuple(services))
        require_up(runtime)
        progress(Update(f"Restarting {', '.join(chosen) or 'the services'}"))
        runtime.stop_services(chosen)
        runtime.start_services(chosen)
    return status(workspace, runtime)


def restart_changed(workspace: Workspace, changed: Iterable[Path]) -> tuple[str, ...]:
    """Restart the services that run the changed files; answers which.

    A lab that is not up has nothing to restart. The caller holds the workspace's lock.
    """
    if not (workspace.database_url_file.exists() and workspace.compose_file.exists()):
        return ()
    runtime = runtime_of(workspace)
    paths = [path.relative_to(workspace.root) for path in changed]
    touched = tuple(name for name in runtime.services if any(_concerns(name, path) for path in paths))
    if touched and runtime.database_running():
        runtime.stop_services(touched)
        runtime.start_services(touched)
        return touched
    return ()


def _concerns(service: str, path: Path) -> bool:
    """Whether the service runs the file: its own package, what all packages share, the compose file."""
    top, *below = path.parts
    if top == "app":
        package = below[0] if below else ""
        return package == service.replace("-", "_") or not package.endswith("_service")
    return top == "compose"


def require_up(runtime: Runtime) -> None:
    """Raises EnvironmentFault: the database does not answer."""
    if not runtime.database_running():
        raise EnvironmentFault("The lab is not up.", "Start it: lab up")


def known_services(runtime: Runtime, names: Iterable[str]) -> tuple[str, ...]:
    """The names, each once, if every one is a service.

    Raises:
        UsageError: one is not.
    """
    known = runtime.services
    for name in names:
        if name not in known:
            raise UsageError(f"There is no service {name!r}.", f"The services are {', '.join(known)}.")
    return tuple(dict.fromkeys(names))
