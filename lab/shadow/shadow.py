"""Make a shadow for the probes, and remove it afterwards."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.catalog import Fix
from lab.errors import EnvironmentFault
from lab.lock import exclusive_lock
from lab.probing.bench import Bench
from lab.profile import Profile, profile_of
from lab.progress import Progress, Update, silent
from lab.runtime import databases
from lab.runtime.account import Account
from lab.shadow import code, data, leftovers
from lab.shadow.services import START_TIMEOUT, Services, free_ports
from lab.shadow.spare import Spare
from lab.workspace import Workspace


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

    bench: Bench
    notes: tuple[str, ...]
    compose_problem: str
    migration_problem: str


@contextmanager
def shadow(
    source: Source,
    folder: Path,
    *,
    services: Mapping[str, bool],
    thorough: bool = False,
    spare: Spare | None = None,
    progress: Progress = silent,
    start_timeout: float = START_TIMEOUT,
    migration_timeout: float = data.MIGRATION_TIMEOUT,
) -> Iterator[Shadow]:
    """Make a shadow of `source` in `folder`, and remove it after the block. Its records and logs stay.

    Only `services` are started: all instances that lab.toml allows where the value is true, else one.
    `thorough` asks the probes to measure to the end. A `spare` in the same folder is used if it fits; its
    database is made again if not. Timeouts are in seconds; `start_timeout` is for all services together.

    Raises:
        EnvironmentFault: there is no template, or a file or process of the shadow cannot be made or removed.
        Locked: another lab kept the workspace locked.
        InvalidFile: lab.toml, or the compose file that counts as shipped, cannot be used.
        LabError: the revision of a fix failed.
    """
    if not databases.exists(source.account, source.template):
        raise EnvironmentFault("There is no template database to measure on.", "Make it: lab up")
    reserved = spare.reserved if spare else leftovers.reserve(folder, leftovers.unused_name())
    try:
        progress(Update("Copying the lab"))
        with exclusive_lock(source.workspace.lock, progress=progress):
            copied, applied = code.copy(source.workspace, reserved.code), source.applied()
            live = [] if source.live is None else data.indexes_of(source.account.url(source.live))
        url = source.account.url(reserved.database)
        if spare is None or not spare.fits(source.account, source.template, applied):
            databases.drop(source.account, reserved.database)
            data.copy_template(source.account, source.template, reserved, source.workspace)
            data.apply_fixes(url, applied)
        progress(Update("Running the migrations"))
        migration_problem = ""
        if not code.has_shipped_migrations(source.workspace, copied.workspace):
            migration_problem = data.migrate(copied.workspace, url, migration_timeout)
        notes = [*data.copy_indexes(url, live)]
        notes += [f"{text[0].upper()}{text[1:]}." for text in (copied.problem, migration_problem) if text]
        progress(Update("Starting the services"))
        profile = profile_of(source.workspace)
        names = {name: service.name for service in profile.services for name in service.instances}
        ports = dict(zip(names, free_ports(len(names)), strict=True))
        starter = Services(copied, source.account, reserved, names, ports, start_timeout)
        bench = _start(starter, profile, services, url, thorough)
        yield Shadow(bench, tuple(notes), copied.problem, migration_problem)
    finally:
        leftovers.remove(reserved, source.account)


def _start(
    starter: Services, profile: Profile, wanted: Mapping[str, bool], url: str, thorough: bool
) -> Bench:
    instances = {
        one.name: one.instances if wanted.get(one.name) else one.instances[:1] for one in profile.services
    }
    names = [name for service in wanted for name in instances[service]]
    running = {service.name: service for service in starter.start(*names)}
    services = {
        service: tuple(running.get(name) or starter.not_started(name) for name in own)
        for service, own in instances.items()
    }
    return Bench(services, url, starter.launch, starter.code.memory_limits(), thorough)
