"""Bring the lab up: a database server, the lab's database in it, and the services."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial

import psycopg2

from lab import shipped
from lab.database_url import DatabaseUrl
from lab.engine import journal
from lab.errors import EnvironmentFault, LabError, Refused, UsageError
from lab.files import delete_temporary_files, write_atomic
from lab.lock import exclusive_lock
from lab.operations import runtimes
from lab.operations.build import BuildPlan, carry_out, default_dataset, plan_build, require_rows
from lab.operations.doctor import disk_shortage
from lab.operations.fixes import match_code
from lab.operations.ownership import Dataset, ensure_workspace_id
from lab.operations.prepared import prepared_server
from lab.operations.renewal import begin_renewal, renew_workspace, require_current_code
from lab.operations.restore_code import RestoredCode, finish_renewal
from lab.operations.runtimes import require_services_of_library, runtime_of
from lab.operations.settings import EMBEDDED, Settings, load_settings, save_settings
from lab.operations.status import Status, status
from lab.progress import Progress, Update, silent
from lab.runtime.base import Runtime
from lab.shadow.leftovers import remove_leftovers
from lab.workspace import Workspace, require_supported_path


@dataclass(frozen=True, slots=True)
class Up:
    """The state of the lab after `up`, the time that it took, and whether the rows were made by it.

    `code` is what `renew` did to the code, None if that was current. `note` is a sentence on the kept copy of
    the shipped code, empty if nothing was done to it.
    """

    status: Status
    seconds: float
    seeded: bool
    code: RestoredCode | None
    note: str


def up(
    workspace: Workspace,
    *,
    kind: str | None = None,
    rows: int | None = None,
    seed: int | None = None,
    port_offset: int | None = None,
    renew: bool = False,
    sandbox: bool | None = None,
    progress: Progress = silent,
) -> Up:
    """Start the server and the services, and make the database first if there is none.

    `kind` is the runtime, `embedded` or `docker`, and `sandbox` says whether the services run behind walls.
    For None, the value of the last `up` is used. If the runtime, the server or the ports change, the running
    lab is stopped; its database is kept. If `up` fails or is interrupted, it stops what it started and
    restores the settings of the last `up`, unless a new database was made for the new ones. A service that
    does not become healthy raises nothing.

    A lab that another version of the library made is refused, after its edits are saved as a patch. `renew`
    rebuilds it: its database, with as many rows, and its code, unless the workspace is its own library.

    Raises:
        UsageError: a number is out of its range, or the compose file cannot be used.
        Refused: the lab holds other rows than are asked for, another lab or another version made its
            databases, the workspace is a copy, or a change of a fix was interrupted in the previous lab.
        Locked: another lab is changing the workspace.
        EnvironmentFault: a port is taken, a file cannot be written, the server does not start.
        LabError: a shipped migration failed.
    """
    with exclusive_lock(workspace.lock, progress=progress):
        started = time.monotonic()
        for folder in (workspace.state, workspace.shipped, workspace.saved):
            delete_temporary_files(folder)
        before = load_settings(workspace)
        settings = _settings_for(workspace, before, kind, port_offset, sandbox)
        require_supported_path(workspace)
        if workspace.copied_from is not None and workspace.data.exists():
            raise Refused(
                f"This workspace is a copy of {workspace.copied_from}, and so is its database.",
                "Replace it by a new one: lab down --destroy, then lab up --port-offset 100",
            )
        require_rows(workspace, rows)
        require_services_of_library(workspace)
        code = None
        if renew:
            patch = begin_renewal(workspace)
            _stop(workspace, before)
            code, note = renew_workspace(workspace, patch, progress)
        else:
            note = shipped.keep(workspace)
            require_current_code(workspace)
        with _naming_saved_edits(code):
            runtime = runtime_of(workspace, settings)
            if settings.runtime == before.runtime:
                runtime.require_ports()
            runtime.prepare(progress)
            plan = partial(plan_build, workspace, rows, seed, renew=renew, fresh=code is not None)
            if settings != before:
                _leave_previous(workspace, before, settings, runtime, plan, progress)
                runtime.require_ports()
            dataset = default_dataset(workspace, rows, seed)
            start = partial(_start, workspace, before, settings, runtime, dataset, plan, progress)
            try:
                try:
                    done = start()
                except EnvironmentFault as error:
                    # A `lab down` that was killed may have sent the stop signal already: the server then ends
                    # during this start.
                    if not isinstance(error.__cause__, psycopg2.OperationalError):
                        raise
                    done = start()
            except EnvironmentFault as error:
                if shortage := disk_shortage(workspace):  # few tools name a full disk as the reason
                    error.message = f"{error.message} {shortage}"
                raise
            if code:
                finish_renewal(workspace)  # last: until then, `up` asks for `renew`
        seconds = time.monotonic() - started
        return Up(status(workspace, runtime), seconds, done, code, note)


@contextmanager
def _naming_saved_edits(code: RestoredCode | None) -> Iterator[None]:
    """Say in an error of the block that the code was replaced, and where its edits are."""
    try:
        yield
    except KeyboardInterrupt as pressed:
        if code:
            done = f"The code was replaced. {code.saved_note}".rstrip()
            pressed.add_note(f"{done} To go on: {shipped.RENEW}")
        raise
    except LabError as error:
        if code:
            done = f"The code was replaced. {code.saved_note}".rstrip()
            error.message = f"{done} The rest was not done: {error.message}"
        raise


def _start(
    workspace: Workspace,
    before: Settings,
    settings: Settings,
    runtime: Runtime,
    dataset: Dataset,
    plan: Callable[[Runtime], BuildPlan],
    progress: Progress,
) -> bool:
    """Start the database and the services; return whether the rows are new.

    After an error or ^C, undo the finished steps, the last one first. Data that was copied and a template or
    database that was made are kept for the next `up`.
    """
    copied, moved = False, settings.database_location != before.database_location
    with ExitStack() as undo:
        undo_settings = undo.enter_context(ExitStack())
        undo_settings.callback(_attempt, save_settings, workspace, before)
        save_settings(workspace, settings)
        ensure_workspace_id(workspace)
        write_atomic(workspace.location_file, str(workspace.root).encode())
        if not runtime.database_running() or not workspace.database_url_file.exists():
            undo.callback(_attempt, runtimes.stop, workspace, settings.runtime)
            undo.callback(workspace.database_url_file.unlink, missing_ok=True)
        remove_leftovers(workspace)
        if runtime.needs_data:
            runtime.copy_data(prepared_server(workspace, dataset, progress))
            copied = True
        progress(Update("Starting PostgreSQL"))
        runtime.start_database()
        todo = plan(runtime)
        prepare = partial(match_code, workspace, progress)
        carry_out(todo, workspace, runtime, prepare, progress)
        if moved and todo.makes_database:
            undo_settings.pop_all()  # with the old settings, lab would forget the new database
        elif moved:
            prepare(runtime.url)
        write_atomic(workspace.database_url_file, runtime.url.encode(), mode=0o600)
        progress(Update("Starting the services"))
        runtime.start_services()
        undo.pop_all()
    return copied or todo.builds_template


def _settings_for(
    workspace: Workspace,
    before: Settings,
    kind: str | None,
    port_offset: int | None,
    walled: bool | None,
) -> Settings:
    """Return the settings that the arguments and the environment ask for, else as `before`.

    `kind="embedded"` means the workspace's own server, even if the last `up` used LAB_DATABASE_URL.
    """
    runtime = kind or before.runtime
    server = os.environ.get(runtimes.SERVER_VARIABLE) or (None if kind == EMBEDDED else before.server)
    offset = before.port_offset if port_offset is None else port_offset
    ports = runtimes.ports_for(workspace, before.ports)
    walled = before.sandbox if walled is None else walled
    embedded = runtime == EMBEDDED
    if walled and not embedded:
        raise UsageError("Walls are for local processes.", "Use lab up --embedded, or --no-sandbox.")
    if walled:
        runtimes.require_walls()
    return Settings(runtime, offset, server if embedded else None, ports, walled)


def _leave_previous(
    workspace: Workspace,
    before: Settings,
    settings: Settings,
    runtime: Runtime,
    plan: Callable[[Runtime], BuildPlan],
    progress: Progress,
) -> None:
    """Stop the lab of the previous settings, after every check that can be made while it runs.

    Raises:
        Refused: other rows are asked for, or a change of a fix was interrupted in the previous lab.
    """
    moved = settings.database_location != before.database_location
    if not moved and (previous := runtime_of(workspace, before)).database_running():
        plan(previous)
    elif moved and runtime.account.shared:
        runtime.start_database()
        plan(runtime)
    if moved:
        journal.require_ended(workspace, "was interrupted in the current lab")
    if workspace.database_url_file.exists():
        back = f"lab up --{before.runtime}"
        if before.server:
            name = DatabaseUrl.parse(before.server).database
            back = f"{runtimes.SERVER_VARIABLE}=…/{name} lab up"
        stays = f" (its data is kept; to use it again: {back})" if moved else ""
        progress(Update(f"Stopping the {before.runtime} lab{stays}"))
    _stop(workspace, before)


def _stop(workspace: Workspace, settings: Settings) -> None:
    try:
        runtimes.stop(workspace, settings.runtime)
    except EnvironmentFault:
        # Without a Docker Engine no container runs. If one does, require_ports finds its ports taken.
        if settings.runtime == EMBEDDED:
            raise
    workspace.database_url_file.unlink(missing_ok=True)


def _attempt(undo: Callable[..., object], *arguments: object) -> None:
    """Call `undo`. Ignore its EnvironmentFault, which would hide the error that is being handled."""
    with suppress(EnvironmentFault):
        undo(*arguments)
