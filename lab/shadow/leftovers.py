"""Reserve the folder of a shadow, and remove what a killed measurement left.

The folder first gets a file that names the shadow's process. Once that is dead, the next `lab up`, `down` or
measurement stops the services and the server, and deletes the code and the data. Records and logs stay.
"""

import shutil
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from lab.errors import LabError
from lab.files import write_atomic
from lab.json_files import from_json, to_json
from lab.runtime import process
from lab.runtime.launch import ProcessId, process_id, read_record
from lab.runtime.ports import ReservedPorts
from lab.runtime.postgres import abort_server
from lab.runtime.proof import is_ours
from lab.workspace import Workspace

OWNER_FILE = "owner.json"
GUARD_TIMEOUT = 3.0
"""Seconds that the guards of killed services have to record their exit."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """The folder that the process `owner` has reserved for its shadow, and the ports that it holds for it."""

    folder: Path
    owner: ProcessId
    ports: ReservedPorts = field(default_factory=ReservedPorts, compare=False)

    @property
    def code(self) -> Path:
        return self.folder / "code"

    @property
    def server(self) -> Path:
        """The folder of the database server: its data directory is `data` in it."""
        return self.folder / "server"

    @property
    def workspace(self) -> Path:
        """The workspace that the code is copied from, if one is made for it."""
        return self.folder / "workspace"

    @property
    def service_records(self) -> Path:
        return self.folder / "services"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"


@dataclass(frozen=True, slots=True)
class _OwnerFile:
    owner: ProcessId


def reserve(folder: Path) -> Reservation:
    """Make and reserve the folder. Raises EnvironmentFault if that fails."""
    reserved = Reservation(folder, process_id())
    write_atomic(folder / OWNER_FILE, to_json(_OwnerFile(reserved.owner)).encode())
    return reserved


def remove(reserved: Reservation) -> None:
    """Kill the shadow's services and its server, delete its code and data, and give up the reservation.

    Raises:
        EnvironmentFault: a service or the server does not end. The reservation stays.
    """
    stop(reserved)
    for folder in (reserved.code, reserved.code.with_name("shipped"), reserved.workspace):
        shutil.rmtree(folder, ignore_errors=True)
    (reserved.folder / OWNER_FILE).unlink(missing_ok=True)


def stop(reserved: Reservation) -> None:
    """Kill the services, end the server and give up the ports; its data is deleted, the code stays.

    Raises as `remove` does.
    """
    kill_services(reserved)
    end_server(reserved)
    reserved.ports.release()


def kill_services(reserved: Reservation) -> None:
    """Kill every recorded service at once. No client waits for a reply, so none needs a clean stop.

    Raises EnvironmentFault: one still runs.
    """
    records = reserved.service_records
    names = process.recorded(records)
    read = (read_record(records, name) for name in names)
    found = [record for record in read if record is not None and is_ours(record, records)]
    for record in found:
        if (child := record.child.process()) is not None:
            with suppress(psutil.NoSuchProcess):
                child.kill()
    deadline = time.monotonic() + GUARD_TIMEOUT
    while any(record.guard.process() for record in found) and time.monotonic() < deadline:
        time.sleep(0.01)
    for name in names:
        process.stop(records, name)


def reached_bounds(run: Path) -> tuple[str, ...]:
    """Return a note on each service of the run that reached a bound of its wall, once all have ended."""
    folder, notes = Reservation(run, ProcessId(0, "")).service_records, []
    for name in process.recorded(folder):
        record = read_record(folder, name)
        if record is not None and record.exit is not None and record.exit.reached:
            notes.append(f"{name} reached what its wall allows: {', '.join(record.exit.reached)}.")
    return tuple(notes)


def end_server(reserved: Reservation) -> None:
    """Stop the shadow's server and delete its data. Raises EnvironmentFault: it still runs."""
    if (reserved.server / "data").exists():
        abort_server(reserved.server, reserved.logs)
    shutil.rmtree(reserved.server, ignore_errors=True)


def remove_leftovers(workspace: Workspace) -> tuple[Path, ...]:
    """Remove the workspace's shadows whose owner is dead, and return their folders.

    What cannot be removed is left to a later call. A file names no process to end and no path: only processes
    that run in the folder itself are ended.
    """
    runs, removed = workspace.runs, []
    for path in sorted((*runs.glob(f"*/{OWNER_FILE}"), *runs.glob(f"*/*/{OWNER_FILE}"))):
        found = _read(path)
        if found.owner.process() is None:
            with suppress(LabError):
                remove(found)
                removed.append(found.folder)
    return tuple(removed)


def _read(path: Path) -> Reservation:
    """Return the reservation. If the file is damaged, its owner counts as dead."""
    try:
        stored = from_json(path.read_bytes(), _OwnerFile)
    except (OSError, ValueError):
        stored = _OwnerFile(ProcessId(0, ""))
    return Reservation(path.parent, stored.owner)
