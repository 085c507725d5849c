"""Make a shadow for the probes, and remove it afterwards."""

import os
import secrets
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.catalog import Fix
from lab.errors import EnvironmentFault
from lab.lock import exclusive_lock
from lab.probes.endpoints import DEVICE_SERVICE, WORKFLOW_SERVICE, Endpoints
from lab.progress import Progress, Update, silent
from lab.runtime import databases
from lab.runtime.account import Account
from lab.shadow import code, data, leftovers
from lab.shadow.services import START_TIMEOUT, Services, free_ports
from lab.workspace import Workspace

REPLICA = "-2"
INSTANCES = (DEVICE_SERVICE, f"{DEVICE_SERVICE}{REPLICA}", WORKFLOW_SERVICE)


@dataclass(frozen=True, slots=True)
class Source:
    """What a shadow is made from.

    The code comes from the workspace, the data from the database `template`. `live` is the candidate's
    database, if there is one: its indexes that no migration makes are copied. `applied` returns the fixes
    whose revisions are run. All but the data is read under the workspace's lock: code and schema must agree.
    """

    workspace: Workspace
    account: Account
    template: str
    live: str | None
    applied: Callable[[], tuple[Fix, ...]] = tuple


@dataclass(frozen=True, slots=True)
class Shadow:
    """A lab to measure. `notes` are sentences on the copied indexes and the two problems.

    `compose_problem` says why the workspace's own compose file is not used, `migration_problem` why the
    candidate's migrations failed. Each is empty if there is no such problem.
    """

    endpoints: Endpoints
    notes: tuple[str, ...]
    compose_problem: str
    migration_problem: str


@contextmanager
def shadow(
    source: Source,
    folder: Path,
    *,
    services: Collection[str] = (DEVICE_SERVICE, WORKFLOW_SERVICE),
    full: bool = False,
    progress: Progress = silent,
    start_timeout: float = START_TIMEOUT,
    migration_timeout: float = data.MIGRATION_TIMEOUT,
) -> Iterator[Shadow]:
    """Make a shadow of `source` in `folder`, and remove it after the block. Its records and logs stay.

    Only `services` are started, device-service with a second instance, its replica. `full` asks the probes to
    measure to the end. Timeouts are in seconds; `start_timeout` is for all services together.

    Raises:
        EnvironmentFault: there is no template, or a file or process of the shadow cannot be made or removed.
        Locked: another lab kept the workspace locked.
        InvalidFile: the compose file that counts as shipped cannot be used.
        LabError: the revision of a fix failed.
    """
    if not databases.exists(source.account, source.template):
        raise EnvironmentFault("There is no template database to measure on.", "Make it: lab up")
    reserved = leftovers.reserve(folder, unused_name())
    try:
        progress(Update("Copying the lab"))
        with exclusive_lock(source.workspace.lock, progress=progress):
            copied, applied = code.copy(source.workspace, reserved.code), source.applied()
            live = [] if source.live is None else data.indexes_of(source.account.url(source.live))
        url = data.copy_template(source.account, source.template, reserved, source.workspace)
        data.apply_fixes(url, applied)
        progress(Update("Running the migrations"))
        migration_problem = data.migrate(copied.workspace, url, migration_timeout)
        notes = [*data.copy_indexes(url, live)]
        notes += [f"{text[0].upper()}{text[1:]}." for text in (copied.problem, migration_problem) if text]
        progress(Update("Starting the services"))
        ports = dict(zip(INSTANCES, free_ports(len(INSTANCES)), strict=True))
        starter = Services(copied, source.account, reserved, ports, start_timeout)
        endpoints = _start(starter, services, url, copied.memory_limit, full)
        yield Shadow(endpoints, tuple(notes), copied.problem, migration_problem)
    finally:
        leftovers.remove(reserved, source.account)


def _start(starter: Services, wanted: Collection[str], url: str, memory_limit: int, full: bool) -> Endpoints:
    names = [name for name in INSTANCES if name.removesuffix(REPLICA) in wanted]
    running = {service.name: service for service in starter.start(*names)}
    first, second, workflows = (running.get(name) or starter.not_started(name) for name in INSTANCES)
    return Endpoints((first, second), workflows, url, starter.launch, memory_limit, full)


def unused_name() -> str:
    """Return a name for a database that no other shadow on the server uses."""
    return f"lab_shadow_{os.getpid()}_{secrets.token_hex(4)}"
