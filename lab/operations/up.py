"""The lab's life: up and down. Nothing here prints."""

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from lab import shipped
from lab.database_url import DatabaseUrl
from lab.engine import journal
from lab.engine.schema import read_schema
from lab.errors import EnvironmentFault, Refused
from lab.files import write_atomic
from lab.lock import exclusive_lock
from lab.operations import build, fixes, runtimes
from lab.operations.catalog import catalog_of
from lab.operations.doctor import disk_shortage
from lab.operations.fix_status import fixes_in_code
from lab.operations.ownership import ensure_workspace_id
from lab.operations.runtimes import runtime_of
from lab.operations.settings import EMBEDDED, Settings, load_settings, save_settings
from lab.operations.status import Status, status
from lab.progress import Progress, Update, silent
from lab.shadow import remove_leftovers
from lab.workspace import Workspace, require_supported_path


@dataclass(frozen=True, slots=True)
class Up:
    """How the lab stands after `up`, and how long it took, in seconds."""

    status: Status
    seconds: float
    seeded: bool


def up(
    workspace: Workspace,
    *,
    kind: str | None = None,
    rows: int | None = None,
    seed: int | None = None,
    port_offset: int | None = None,
    progress: Progress = silent,
) -> Up:
    """Bring the lab up: server, schema and rows where there are none yet, services.

    `kind` is the runtime, `embedded` or `docker`; it and the ports are remembered where None is asked for.
    Another than the last time's takes the running lab down first; each keeps a database of its own.

    Raises:
        UsageError: a number is out of its range.
        Refused: the lab holds other rows than are asked for, or another lab is at work here.
        EnvironmentFault: a port is taken, the disk cannot be written, the server does not start.
    """
    with exclusive_lock(workspace.lock, progress=progress):
        before = load_settings(workspace)
        offset = before.port_offset if port_offset is None else port_offset
        runtime = kind or before.runtime
        # Asked for by name, the embedded runtime is the workspace's own server again.
        named = os.environ.get(runtimes.SERVER) or (None if kind == EMBEDDED else before.server)
        ports = runtimes.ports_for(before.ports)
        chosen = Settings(runtime, offset, named if runtime == EMBEDDED else None, ports)
        return _up(workspace, before, chosen, rows, seed, progress)


def _up(
    workspace: Workspace,
    before: Settings,
    chosen: Settings,
    rows: int | None,
    seed: int | None,
    progress: Progress,
) -> Up:
    started = time.monotonic()
    require_supported_path(workspace)
    _require_home(workspace)
    shipped.keep(workspace)
    runtime = runtime_of(workspace, chosen)
    if chosen.runtime == before.runtime:
        runtime.require_ports()
    runtime.prepare(progress)
    if chosen != before:
        if chosen.place == before.place:
            _require_content(workspace, before, rows, seed)
        elif runtime.account.shared:  # before anything of ours is stopped
            runtime.start_database()
            build.compare_datasets(workspace, runtime.account, runtime.database, rows, seed)
        _leave(workspace, before, chosen, progress)
        runtime.require_ports()
    save_settings(workspace, chosen)
    ensure_workspace_id(workspace)
    write_atomic(workspace.location_file, str(workspace.root).encode())
    was_down = not runtime.database_running() or not workspace.database_url_file.exists()
    ensured = None
    try:
        progress(Update("Starting PostgreSQL"))
        runtime.start_database()
        remove_leftovers(workspace.runs, runtime.account)  # what measurements that were killed left
        ensured = build.ensure(
            workspace,
            runtime.account,
            runtime.database,
            rows=rows,
            seed=seed,
            progress=progress,
            prepare=partial(_follow_the_code, workspace),
            replace_empty=runtime.starts_with_empty_database,
        )
        if chosen.place != before.place and not ensured.made:
            _follow_the_code(workspace, runtime.url)
        write_atomic(workspace.database_url_file, runtime.url.encode(), mode=0o600)
        progress(Update("Starting the services"))
        runtime.start_services()
    except BaseException as error:
        if isinstance(error, EnvironmentFault) and (short := disk_shortage(workspace)):
            error.message = f"{error.message} {short}"  # few tools name a full disk as the reason
        if was_down:
            # An error or ^C half-way leaves no process behind; what is built is kept or built anew.
            workspace.database_url_file.unlink(missing_ok=True)
            with suppress(EnvironmentFault):  # what is raised is why it failed
                runtimes.halt(workspace, chosen.runtime)
            made = ensured is not None and ensured.made
            if not made or chosen.place == before.place:  # what was made elsewhere must not be forgotten
                with suppress(EnvironmentFault):
                    save_settings(workspace, before)  # so that lab up alone brings back what there was
        raise
    return Up(status(workspace, runtime), time.monotonic() - started, ensured.seeded)


def _require_content(workspace: Workspace, before: Settings, rows: int | None, seed: int | None) -> None:
    """Raises Refused: the lab that runs, and is about to be stopped, holds other rows than are asked for."""
    running = runtime_of(workspace, before)
    if running.database_running():
        fresh = running.starts_with_empty_database
        build.compare_datasets(workspace, running.account, running.database, rows, seed, replace_empty=fresh)


def _require_home(workspace: Workspace) -> None:
    """Raises Refused: this folder is a copy, with a copy of a database that may have been at work."""
    if workspace.copied_from is not None and workspace.data.exists():
        raise Refused(
            f"This workspace is a copy of {workspace.copied_from}, and so is its database.",
            "Begin with one of its own: lab down --destroy, then lab up --port-offset 100",
        )


def _leave(workspace: Workspace, before: Settings, chosen: Settings, progress: Progress) -> None:
    """Take the lab down that ran until now, before its runtime, its server or its ports change."""
    moves = chosen.place != before.place
    if moves and (entry := journal.read(workspace)) is not None:
        raise Refused(
            f"A change of fix {', '.join(map(str, entry.numbers))} was interrupted in the lab as it ran.",
            "Take it back first: lab fix recover",
        )
    if workspace.database_url_file.exists():
        again = (
            f"{runtimes.SERVER}=…/{DatabaseUrl.parse(before.server).database} lab up"
            if before.server
            else (f"lab up --{before.runtime}")
        )
        stays = f" (its data stays: {again})" if moves else ""
        progress(Update(f"Stopping the {before.runtime} lab{stays}"))
    try:
        runtimes.halt(workspace, before.runtime)
    except EnvironmentFault:
        # Without an engine no container runs. Should one run all the same, its ports are found taken.
        if before.runtime == EMBEDDED:
            raise
    workspace.database_url_file.unlink(missing_ok=True)


def _follow_the_code(workspace: Workspace, url: str) -> None:
    """Give a database that was not there, or not in use, the schema of the fixes that are in the code."""
    applied = fixes_in_code(workspace)
    recorded = read_schema(url).recorded
    if applied or any(fix.revision in recorded for fix in catalog_of(workspace).fixes):
        fixes.sync_schema(workspace, url, applied)
