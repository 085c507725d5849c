"""Reserve the folder and the database of a shadow, and remove what a killed measurement left.

The folder first gets a file that names the database and the shadow's process. Once that is dead, the next
`lab up`, `down` or measurement removes the shadow's services, code and database. Records and logs stay.
"""

import os
import secrets
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from lab.errors import LabError
from lab.files import write_atomic
from lab.json_files import from_json, to_json
from lab.runtime import databases, process
from lab.runtime.account import Account
from lab.runtime.launch import ProcessId, process_id, read_record
from lab.workspace import Workspace

OWNER_FILE = "owner.json"
GUARD_TIMEOUT = 3.0
"""Seconds that the guards of killed services have to record their exit."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """The folder and the database's name that the process `owner` has reserved for its shadow."""

    folder: Path
    database: str
    owner: ProcessId

    @property
    def code(self) -> Path:
        return self.folder / "code"

    @property
    def service_records(self) -> Path:
        return self.folder / "services"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    def comment(self, workspace: Workspace) -> str:
        """Return the database's comment, which names the owner's process and its workspace as JSON."""
        return to_json({"lab_shadow": self.owner, "workspace": workspace.root}, indent=0)


@dataclass(frozen=True, slots=True)
class _OwnerFile:
    database: str
    owner: ProcessId


def unused_name() -> str:
    """Return a name for a database that no other shadow on the server uses."""
    return f"lab_shadow_{os.getpid()}_{secrets.token_hex(4)}"


def reserve(folder: Path, database: str) -> Reservation:
    """Make and reserve the folder, and reserve the database's name. Raises EnvironmentFault if that fails."""
    reserved = Reservation(folder, database, process_id())
    write_atomic(folder / OWNER_FILE, to_json(_OwnerFile(database, reserved.owner)).encode())
    return reserved


def remove(reserved: Reservation, account: Account | None) -> None:
    """Kill the shadow's services, delete its code, drop its database, and give up the reservation.

    Without an account (no server runs) the database and the reservation stay.

    Raises:
        EnvironmentFault: a service does not end, or the server refuses. The reservation stays.
    """
    _kill_services(reserved.service_records)
    shutil.rmtree(reserved.code, ignore_errors=True)
    if account is None:
        return
    if reserved.database:
        databases.drop(account, reserved.database)
    (reserved.folder / OWNER_FILE).unlink(missing_ok=True)


def remove_leftovers(runs: Path, account: Account | None) -> tuple[str, ...]:
    """Remove every shadow below `runs` whose owner is dead, and return the names of their databases.

    A damaged reservation is returned by the name of its folder. Without an account the databases stay, and a
    later call with one drops them. A shadow that cannot be removed is not returned; a later call tries again.
    """
    removed = []
    for path in sorted((*runs.glob(f"*/{OWNER_FILE}"), *runs.glob(f"*/*/{OWNER_FILE}"))):
        found = _read(path)
        if found.owner.process() is None:
            with suppress(LabError):
                remove(found, account)
                removed.append(found.database or path.parent.name)
    return tuple(removed)


def _kill_services(records: Path) -> None:
    """Kill every recorded service at once. No client waits for a reply, so none needs a clean stop."""
    names = process.recorded(records)
    found = [record for name in names if (record := read_record(records, name)) is not None]
    for record in found:
        if (child := record.child.process()) is not None:
            with suppress(psutil.NoSuchProcess):
                child.kill()
    deadline = time.monotonic() + GUARD_TIMEOUT
    while any(record.guard.process() for record in found) and time.monotonic() < deadline:
        time.sleep(0.01)
    for name in names:
        process.stop(records, name)


def _read(path: Path) -> Reservation:
    """Return the reservation. If the file is damaged, it has no database, and its owner counts as dead."""
    try:
        stored = from_json(path.read_bytes(), _OwnerFile)
    except (OSError, ValueError):
        stored = _OwnerFile("", ProcessId(0, ""))
    return Reservation(path.parent, stored.database, stored.owner)
