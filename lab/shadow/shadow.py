"""Make a shadow for the probes, and remove it afterwards."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab import sandbox
from lab.catalog import Fix
from lab.engine import journal
from lab.engine.candidate_history import END_OTHERS
from lab.engine.catalogue import Catalogue, catalogue
from lab.engine.guest.watched import SAMPLE
from lab.engine.watched import Watched
from lab.lock import exclusive_lock
from lab.probing.bench import Bench
from lab.probing.connection import Database
from lab.profile import Profile, profile_of
from lab.progress import Progress, Update, silent
from lab.runtime import roles
from lab.runtime.account import MAINTENANCE
from lab.runtime.prepared import Prepared
from lab.runtime.walls import require_reachable
from lab.shadow import code, data, leftovers
from lab.shadow.code import Code
from lab.shadow.leftovers import Reservation
from lab.shadow.server import ShadowServer, start_server
from lab.shadow.services import START_TIMEOUT, Services
from lab.shadow.spare import Spare
from lab.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Source:
    """What a shadow is made from.

    The code comes from the workspace, the data from the prepared server. `live` is the URL of the candidate's
    database, if there is one: its indexes that no migration makes are copied. `applied` returns the fixes
    whose revisions are run. All but the data is read under the workspace's lock: code and schema must agree.
    """

    workspace: Workspace
    prepared: Prepared
    live: str | None
    applied: Callable[[], tuple[Fix, ...]] = tuple


@dataclass(frozen=True, slots=True)
class Shadow:
    """A lab to measure. `notes` are sentences on the copied indexes and the compose file.

    `compose_problem` says why the workspace's own compose file is not used, `migration_problem` why the
    candidate's migrations failed. Each is empty if there is no such problem. `url` is that of the
    database for its owner. `migrated` is what the migrations did; `before` the catalogue before them. Both
    are None if there are none.
    """

    bench: Bench
    notes: tuple[str, ...]
    compose_problem: str
    migration_problem: str
    url: str
    material: "Material"
    reserved: Reservation
    migrated: Watched | None = None
    before: Catalogue | None = None


@dataclass(frozen=True, slots=True)
class Material:
    """What was read of a workspace at one moment.

    `indexes` are the SQL of those in the candidate's database. `migrates`: the code has other migrations than
    the shipped ones.
    """

    code: Code
    applied: tuple[Fix, ...]
    indexes: tuple[str, ...]
    migrates: bool


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
    server is made again if not. Timeouts are in seconds; `start_timeout` is for all services together.

    Raises:
        EnvironmentFault: a file or process of the shadow cannot be made or removed.
        Locked: another lab kept the workspace locked.
        Refused: a change of a fix was interrupted in the workspace.
        InvalidFile: lab.toml, or the compose file that counts as shipped, cannot be used.
        LabError: the revision of a fix failed.
    """
    reserved = spare.reserved if spare else leftovers.reserve(folder)
    try:
        material = read_material(source, reserved, progress)
        server = _server(source, reserved, spare, material.applied)
        starter = starter_of(material, server, reserved, start_timeout=start_timeout)
        yield assemble(material, starter, services, migration_timeout, thorough=thorough, progress=progress)
    finally:
        leftovers.remove(reserved)


def starter_of(
    material: Material,
    server: ShadowServer,
    reserved: Reservation,
    ports: Mapping[str, int] | None = None,
    start_timeout: float = START_TIMEOUT,
) -> Services:
    """Return what starts the services of this code on this server; on free ports but for those in `ports`."""
    profile = profile_of(material.code.workspace)
    names = {name: service.name for service in profile.services for name in service.instances}
    known = {name: port for name, port in (ports or {}).items() if name in names}
    others = [name for name in names if name not in known]
    chosen = {**known, **dict(zip(others, reserved.ports.take(len(others)), strict=True))}
    own = {name: chosen[name] for name in names}
    return Services(material.code, server, reserved, names, own, sandbox.found(), start_timeout)


def read_material(source: Source, reserved: Reservation, progress: Progress) -> Material:
    """Copy the code into the reserved folder, and read what belongs to it. Raises as `shadow` does."""
    require_reachable(reserved.folder, sandbox.found())
    progress(Update("Copying the lab"))
    with exclusive_lock(source.workspace.lock, progress=progress):
        journal.require_ended(source.workspace)  # its code would be there in part
        copied, applied = code.copy(source.workspace, reserved.code), source.applied()
        live = () if source.live is None else tuple(data.indexes_of(source.live))
    migrates = not code.has_shipped_migrations(source.workspace, copied.workspace)
    return Material(copied, applied, live, migrates)


def assemble(
    material: Material,
    starter: Services,
    wanted: Mapping[str, bool],
    migration_timeout: float = data.MIGRATION_TIMEOUT,
    *,
    thorough: bool = False,
    progress: Progress = silent,
) -> Shadow:
    """Run the candidate's migrations in the database, and start the services. Raises as `shadow` does."""
    copied, url = material.code, starter.server.url
    before = migrated = None
    if material.migrates:
        progress(Update("Running the migrations"))
        before = catalogue(url)
        migrated = data.migrate(copied.workspace, starter.server, starter.means, migration_timeout)
        for ours in (SAMPLE, END_OTHERS):  # not the candidate's
            roles.forget_statement(starter.server.account, ours)
    problem = data.problem_of(migrated) if migrated else ""
    notes = list(data.copy_indexes(url, material.indexes))
    if copied.problem:
        notes.append(f"{copied.problem[0].upper()}{copied.problem[1:]}.")
    progress(Update("Starting the services"))
    bench = _start(starter, profile_of(copied.workspace), wanted, thorough)
    return Shadow(
        bench, tuple(notes), copied.problem, problem, url, material, starter.reserved, migrated, before
    )


def _server(
    source: Source, reserved: Reservation, spare: Spare | None, applied: tuple[Fix, ...]
) -> ShadowServer:
    """Return the server of the spare if that fits, else a new one."""
    if spare is not None and spare.fits(source.prepared, applied):
        return spare.server
    leftovers.end_server(reserved)
    return serve(source.prepared, reserved, applied)


def serve(
    prepared: Prepared,
    reserved: Reservation,
    applied: tuple[Fix, ...],
    rows: str = "",
    port: int | None = None,
) -> ShadowServer:
    """Start a copy of the prepared server, with these rows and fixes. Raises as `shadow` does."""
    server = start_server(prepared, reserved, port)
    if rows:
        data.add_rows(server.url, rows)
    data.apply_fixes(server.url, applied)
    return server


def _start(starter: Services, profile: Profile, wanted: Mapping[str, bool], thorough: bool) -> Bench:
    instances = {
        one.name: one.instances if wanted.get(one.name) else one.instances[:1] for one in profile.services
    }
    names = [name for service in wanted for name in instances[service]]
    running = {service.name: service for service in starter.start(*names)}
    services = {
        service: tuple(running.get(name) or starter.not_started(name) for name in own)
        for service, own in instances.items()
    }
    server = starter.server
    database = Database(server.monitor_url, server.account.url(MAINTENANCE))
    return Bench(services, database, starter.launch, starter.code.memory_limits(), thorough)
