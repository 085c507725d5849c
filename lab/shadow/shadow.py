"""Make the shadow, hand it to the probes, take it down whatever happens."""

import json
import os
import secrets
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from lab.catalog import Fix
from lab.errors import EnvironmentFault
from lab.lock import exclusive_lock
from lab.probes.endpoints import DEVICE_SERVICE, WORKFLOW_SERVICE, Endpoints
from lab.progress import Progress, Update, silent
from lab.runtime import databases
from lab.runtime.account import Account
from lab.shadow import code, data, leftovers
from lab.shadow.services import Services, free_ports
from lab.workspace import Workspace

SECOND = "-2"
INSTANCES = (DEVICE_SERVICE, f"{DEVICE_SERVICE}{SECOND}", WORKFLOW_SERVICE)


@dataclass(frozen=True, slots=True)
class Source:
    """What a shadow is made from: a workspace's code, a template, and the database that it is run on.

    `live` is the name of the candidate's database, whose hand-made indexes count; None for none. `applied`
    answers which fixes the shadow's schema is to have. It is asked, and the live indexes
    are read, while the workspace is locked and its code is copied: all three are of one moment.
    """

    workspace: Workspace
    account: Account
    template: str
    live: str | None
    applied: Callable[[], tuple[Fix, ...]] = tuple


@dataclass(frozen=True, slots=True)
class Shadow:
    """A lab to measure. `notes` tell what a reader must know: what was carried over, what failed."""

    endpoints: Endpoints
    notes: tuple[str, ...]
    compose_problem: str
    migration_problem: str


@contextmanager
def shadow(
    origin: Source,
    folder: Path,
    *,
    services: Collection[str] = (DEVICE_SERVICE, WORKFLOW_SERVICE),
    full: bool = False,
    progress: Progress = silent,
) -> Iterator[Shadow]:
    """A shadow of `origin`, with its records and logs in `folder`, for the length of the block.

    Of its services only those named are started, device-service twice.

    Raises:
        EnvironmentFault: there is no template, or something cannot be started.
        Locked: another lab is changing the workspace, and goes on.
        LabError: a fix's own revision failed on the copy.
    """
    if not databases.exists(origin.account, origin.template):
        raise EnvironmentFault("There is no template database to measure on.", "Make it: lab up")
    claim = leftovers.claim(folder, unused_name())
    try:
        yield _build(origin, claim, services, full, progress)
    finally:
        leftovers.take_down(claim, origin.account)


def _build(
    origin: Source,
    claim: leftovers.Claim,
    wanted: Collection[str],
    full: bool,
    progress: Progress,
) -> Shadow:
    progress(Update("Copying the lab"))
    with exclusive_lock(origin.workspace.lock, progress=progress):
        copied, applied = code.copy(origin.workspace, claim.code), origin.applied()
        live = [] if origin.live is None else data.indexes_of(origin.account.url(origin.live))
    comment = json.dumps({"lab_shadow": asdict(claim.owner), "workspace": str(origin.workspace.root)})
    url = data.copy_template(origin.account, origin.template, claim.database, comment)
    data.apply_fixes(url, applied)
    progress(Update("Running the migrations"))
    migration_problem = data.migrate(copied.workspace, url)
    carried = tuple(data.carry_over(url, live))
    progress(Update("Starting the services"))
    started = Services(
        copied,
        origin.account,
        claim.database,
        claim.services,
        claim.folder / "logs",
        dict(zip(INSTANCES, free_ports(len(INSTANCES)), strict=True)),
    )
    names = [name for name in INSTANCES if name.removesuffix(SECOND) in wanted]
    running = {one.name: one for one in started.start(*names)}
    first, second, workflows = (running.get(name) or started.absent(name) for name in INSTANCES)
    endpoints = Endpoints((first, second), workflows, url, started.launch, copied.memory_limit, full)
    problems = [f"{text[0].upper()}{text[1:]}." for text in (copied.problem, migration_problem) if text]
    return Shadow(endpoints, (*carried, *problems), copied.problem, migration_problem)


def unused_name() -> str:
    """A name for one more database, whoever else measures on the server."""
    return f"lab_shadow_{os.getpid()}_{secrets.token_hex(4)}"
