"""The lab's life: up, down, restart. One function a verb; nothing here prints."""

import os
import shutil
import time
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from lab import compose, shipped
from lab.errors import EnvironmentFault, UsageError
from lab.lock import sole
from lab.operations import build
from lab.operations import settings as remembered
from lab.operations.progress import Progress, Stage, silent
from lab.operations.settings import Settings
from lab.operations.status import Status, status
from lab.runtime.embedded import EmbeddedRuntime, embedded, halt
from lab.workspace import Workspace, write_atomic


@dataclass(frozen=True, slots=True)
class Up:
    """How the lab stands after `up`, and how long it took, in seconds."""

    status: Status
    seconds: float
    seeded: bool


@dataclass(frozen=True, slots=True)
class Down:
    """What was stopped, and whether the data went with it."""

    services: tuple[str, ...]
    database: bool
    destroyed: bool


def runtime_of(workspace: Workspace, chosen: Settings | None = None) -> EmbeddedRuntime:
    """The workspace's runtime, as it was last asked for."""
    chosen = chosen or remembered.load(workspace)
    return embedded(workspace, compose.read(workspace.compose_file), chosen.port_offset)


def up(
    workspace: Workspace,
    *,
    rows: int | None = None,
    seed: int | None = None,
    port_offset: int | None = None,
    progress: Progress = silent,
) -> Up:
    """Bring the lab up: server, schema and rows where there are none yet, services.

    Raises:
        UsageError: a number is out of its range.
        Refused: the lab holds other rows than are asked for, or another lab is at work here.
        EnvironmentFault: a port is taken, the disk cannot be written, the server does not start.
    """
    with alone(workspace, progress):
        return _up(workspace, rows, seed, port_offset, progress)


def _up(
    workspace: Workspace, rows: int | None, seed: int | None, port_offset: int | None, progress: Progress
) -> Up:
    started = time.monotonic()
    before = remembered.load(workspace)
    chosen = before if port_offset is None else Settings(before.runtime, port_offset)
    runtime = runtime_of(workspace, chosen)
    if chosen != before:
        halt(workspace)
    runtime.require_ports()
    remembered.save(workspace, chosen)
    shipped.keep(workspace)
    was_down = not workspace.database_url_file.exists()
    try:
        progress(Stage("Starting PostgreSQL"))
        runtime.start_database()
        seeded = build.ensure(
            workspace, runtime.account, runtime.database, rows=rows, seed=seed, progress=progress
        )
        write_atomic(workspace.database_url_file, runtime.url.encode(), mode=0o600)
        progress(Stage("Starting the services"))
        runtime.start_services()
    except BaseException:
        if was_down:
            # An error or ^C half-way leaves no process behind; what is built is kept or built anew.
            halt(workspace)
            workspace.database_url_file.unlink(missing_ok=True)
        raise
    return Up(status(workspace, runtime), time.monotonic() - started, seeded)


def down(workspace: Workspace, *, destroy: bool = False, progress: Progress = silent) -> Down:
    """Stop everything that we started; `destroy` also deletes the lab's data, logs and records.

    Raises:
        EnvironmentFault: something of ours would not stop.
        Refused: another lab is at work here.
    """
    with alone(workspace, progress):
        return _down(workspace, destroy, progress)


def _down(workspace: Workspace, destroy: bool, progress: Progress) -> Down:
    progress(Stage("Stopping the lab"))
    if destroy and os.environ.get("LAB_DATABASE_URL"):
        runtime = runtime_of(workspace)
        runtime.stop_services()
        build.remove(runtime.account, runtime.database)
    services, database = halt(workspace)
    workspace.database_url_file.unlink(missing_ok=True)
    if destroy:
        for path in (workspace.data.parent, workspace.logs, workspace.services):
            if path.exists():
                shutil.rmtree(path)
        workspace.settings.unlink(missing_ok=True)
    return Down(services, database, destroy)


def restart(workspace: Workspace, services: Iterable[str] = (), *, progress: Progress = silent) -> Status:
    """Stop and start services, all when none is named, with the compose file as it is now.

    Raises:
        UsageError: there is no such service.
        EnvironmentFault: the lab is not up.
    """
    runtime = runtime_of(workspace)
    chosen = known_services(runtime, tuple(services))
    with alone(workspace, progress):
        require_up(runtime)
        progress(Stage(f"Restarting {', '.join(chosen) or 'the services'}"))
        runtime.stop_services(chosen)
        runtime.start_services(chosen)
    return status(workspace, runtime)


def restart_changed(workspace: Workspace, changed: Iterable[Path]) -> tuple[str, ...]:
    """Restart the services that run the changed files; answers which.

    A lab that is not up has nothing to restart. The caller holds the workspace's lock.
    """
    if not workspace.database_url_file.exists():
        return ()
    runtime = runtime_of(workspace)
    paths = [path.relative_to(workspace.root) for path in changed]
    touched = tuple(name for name in runtime.stack.names() if any(_concerns(name, path) for path in paths))
    if touched and runtime.server.running():
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


def alone(workspace: Workspace, progress: Progress) -> AbstractContextManager[None]:
    """The workspace's lock; who else holds it is told while we wait."""
    return sole(workspace.lock, waiting=lambda text: progress(Stage(text)))


def require_up(runtime: EmbeddedRuntime) -> None:
    """Raises EnvironmentFault: the database does not answer."""
    if not runtime.server.running():
        raise EnvironmentFault("The lab is not up.", "Start it: lab up")


def known_services(runtime: EmbeddedRuntime, names: Iterable[str]) -> tuple[str, ...]:
    """The names, each once, if every one is a service.

    Raises:
        UsageError: one is not.
    """
    known = runtime.stack.names()
    for name in names:
        if name not in known:
            raise UsageError(f"There is no service {name!r}.", f"The services are {', '.join(known)}.")
    return tuple(dict.fromkeys(names))
