"""What a killed measurement leaves behind, and how the next one finds and removes it.

Before anything is made, the run's folder says whose it is (a process by its pid and start time) and what the
database will be called. Whatever belongs to a dead owner is taken down; whatever is anybody else's is left.
"""

import json
import shutil
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from lab.errors import LabError
from lab.files import write_atomic
from lab.runtime import databases, process
from lab.runtime.account import Account
from lab.runtime.launch import ProcessId, process_id, read_record

OWNER = "owner.json"
CODE = "code"
SERVICES = "services"
PATIENCE = 3.0


@dataclass(frozen=True, slots=True)
class Claim:
    """Who makes a shadow in `folder`, and its database's name."""

    folder: Path
    database: str
    owner: ProcessId

    @property
    def code(self) -> Path:
        return self.folder / CODE

    @property
    def services(self) -> Path:
        return self.folder / SERVICES

    def write(self) -> None:
        content = json.dumps({"database": self.database, "owner": asdict(self.owner)}, indent=1)
        write_atomic(self.folder / OWNER, content.encode())


def claim(folder: Path, database: str) -> Claim:
    """Say that this process is about to make a shadow there."""
    made = Claim(folder, database, process_id())
    made.write()
    return made


def remove_leftovers(runs: Path, account: Account | None) -> tuple[str, ...]:
    """Take down every shadow under `runs` whose maker is dead; answers their databases' names.

    Without an account (the server is down) processes are ended and the databases are left to the next call.
    """
    swept = []
    for path in sorted((*runs.glob(f"*/{OWNER}"), *runs.glob(f"*/*/{OWNER}"))):
        found = _read(path)
        if found is None or found.owner.process() is None:
            with suppress(LabError):
                take_down(found or Claim(path.parent, "", process_id()), account)
                swept.append(found.database if found else path.parent.name)
    return tuple(swept)


def take_down(claimed: Claim, account: Account | None) -> None:
    """End the shadow's services, drop its database, delete its code. What is gone already is fine.

    Raises:
        EnvironmentFault: something would not end, or the server refuses; the next call tries again.
    """
    end_services(claimed.services)
    shutil.rmtree(claimed.code, ignore_errors=True)
    if account is None:
        return
    if claimed.database:
        databases.drop(account, claimed.database)
    (claimed.folder / OWNER).unlink(missing_ok=True)


def end_services(records: Path) -> None:
    """Kill every recorded service: nobody waits for an answer, so nobody is asked to stop first."""
    names = process.recorded(records)
    found = [record for name in names if (record := read_record(records, name)) is not None]
    for record in found:
        child = record.child.process()
        if child is not None:
            with suppress(psutil.NoSuchProcess):
                child.kill()
    until = time.monotonic() + PATIENCE
    while any(record.guard.process() for record in found) and time.monotonic() < until:
        time.sleep(0.01)
    for name in names:
        process.stop(records, name)


def _read(path: Path) -> Claim | None:
    try:
        document = json.loads(path.read_bytes())
        return Claim(path.parent, str(document["database"]), ProcessId(**document["owner"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
