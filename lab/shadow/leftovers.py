"""Reserve the folder and the database of a shadow, and remove what a killed measurement left.

The folder first gets a file that names the shadow's process, and the database a comment that does. Once it is
dead, the next `lab up`, `down` or measurement removes the services, code and database. Records and logs stay.
"""

import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
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
NAME = re.compile(r"lab_shadow_(\d+)_[0-9a-f]{8}")
"""The name of a shadow's database, with the pid of its process."""

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
        return to_json(_Comment(self.owner, str(workspace.root), _id(workspace)), indent=0)


@dataclass(frozen=True, slots=True)
class _Comment:
    """The comment of a shadow's database: its process, and the path and the id of its workspace."""

    lab_shadow: ProcessId
    workspace: str
    id: str


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


def remove_leftovers(workspace: Workspace, account: Account | None) -> tuple[str, ...]:
    """Remove the workspace's shadows whose owner is dead. Return the names of the databases that it dropped.

    A file names only a folder and its services. The databases are found on the server, by the comment that
    this lab gives them. Without an account they stay, and a later call with one drops them. What cannot be
    removed is left to a later call.
    """
    runs = workspace.runs
    for path in sorted((*runs.glob(f"*/{OWNER_FILE}"), *runs.glob(f"*/*/{OWNER_FILE}"))):
        found = _read(path)
        if found.owner.process() is None:
            with suppress(LabError):
                remove(replace(found, database=""), None)
                path.unlink(missing_ok=True)
    if account is None:
        return ()
    dropped = []
    for name in _abandoned(workspace, account):
        with suppress(LabError):
            databases.drop(account, name)
            dropped.append(name)
    return tuple(dropped)


def _abandoned(workspace: Workspace, account: Account) -> Iterator[str]:
    """Yield the databases of the workspace's shadows whose owners are dead.

    One without a comment was killed while it was made: on the workspace's own server it can be no other's.
    """
    for name, comment in databases.comments_like(account, "lab_shadow_%").items():
        match = NAME.fullmatch(name)
        if match is None:
            continue
        if not comment:
            if _is_own_server(workspace, account) and not psutil.pid_exists(int(match[1])):
                yield name
            continue
        with suppress(ValueError):
            made = from_json(comment, _Comment)
            is_ours = (made.workspace, made.id) == (str(workspace.root), _id(workspace))
            if is_ours and made.lab_shadow.process() is None:
                yield name


def _id(workspace: Workspace) -> str:
    """Return the workspace's id: in a container, another one can have the same path. Empty without one."""
    try:
        return workspace.id_file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return ""


def _is_own_server(workspace: Workspace, account: Account) -> bool:
    """Return whether the server runs on the workspace's data directory, as its postmaster.pid says."""
    try:
        lines = (workspace.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        return account.host == "127.0.0.1" and int(lines[3]) == account.port
    except (OSError, ValueError, IndexError):
        return False


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
