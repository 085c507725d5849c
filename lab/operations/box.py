"""Measure in a box: a network and a database server of its own, in which the candidate's code has its walls.

Its ports, and the names of its database and roles, are those of a lab that is up. The measurement itself is
made by a program in the box, `lab.operations.prober`, of which only the result and the logs leave it.
"""

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from lab import compose, records, sandbox
from lab.catalog import Fix
from lab.errors import EnvironmentFault
from lab.files import write_atomic
from lab.json_files import to_json
from lab.operations.boxed_program import INSIDE, BoxedProgram, give_to_box, program_in_box
from lab.operations.contract import CANDIDATE, REFERENCE, compare
from lab.operations.conversation import BoxReply, BoxRequest, Unreadable, boxed_system
from lab.operations.measure import Checked, keep
from lab.operations.probed_shadow import bugs_to_measure, services_of
from lab.operations.settings import load_settings
from lab.operations.target import Target
from lab.probing.loading import load_contract
from lab.probing.verdict import Measured
from lab.progress import Progress, Update, silent
from lab.review.finding import Finding
from lab.runtime.database_address import DATABASE_SERVICE
from lab.runtime.database_service import account_of
from lab.runtime.prepared import Prepared
from lab.runtime.stack import instances_of
from lab.sandbox import Means, nests
from lab.shadow import leftovers
from lab.shadow.code import shipped_compose
from lab.shadow.leftovers import Reservation
from lab.shadow.server import copy_server
from lab.shadow.shadow import Material, Source, read_material
from lab.workspace import Workspace

PROBER = "lab.operations.prober"


@dataclass(frozen=True, slots=True)
class Task:
    """What the prober measures. `migrates` and `indexes` are as in `Material`.

    The server is a copy of the prepared one, which is in the run already. `ports` are those of a lab that is
    up, by the service's name.
    """

    library: Path
    bugs: tuple[Fix, ...]
    applied: tuple[Fix, ...]
    numbers: dict[str, int]
    services: dict[str, bool]
    ports: dict[str, int]
    prepared: Prepared
    indexes: tuple[str, ...]
    migrates: bool
    thorough: bool


@dataclass(frozen=True, slots=True)
class Measurement:
    """What the prober found: the evidence, what was noticed, and what the candidate's migrations did."""

    measured: tuple[Measured, ...]
    notes: tuple[str, ...]
    migration_problem: str
    migrations: tuple[Finding, ...]


def measure_in_box(
    target: Target,
    source: Source,
    fixes: Sequence[Fix],
    *,
    thorough: bool = False,
    with_contract: bool = False,
    progress: Progress = silent,
) -> Checked:
    """Measure the bugs of these fixes in a box, and keep the evidence in a run.

    `with_contract` also compares what is beside the bugs.

    Raises:
        EnvironmentFault: this machine cannot make a box, or the measurement in it failed.
        Locked: another lab kept the workspace locked.
        Refused: a change of a fix was interrupted in the workspace.
        InvalidFile: a probe, lab.toml, or the compose file that counts as shipped, cannot be used.
    """
    started, means = time.monotonic(), sandbox.found()
    if not nests(means):
        raise EnvironmentFault(
            f"This machine cannot make a box: its level of walls is {means.level}. {means.better}".rstrip(),
            "Measure without one: lab check. What this machine can do: lab doctor",
        )
    library = target.workspace.library
    bugs_to_measure(library, fixes)  # the box loads them again; one that cannot be loaded is told at once
    contract = load_contract(library.probes) if with_contract else None
    run = records.begin(target.workspace)
    reserved, second = leftovers.reserve(run), leftovers.reserve(run / CANDIDATE)
    beside = None
    try:
        material = read_material(source, reserved, progress)
        progress(Update("Copying the database server"))
        for one in (reserved, second) if contract else (reserved,):
            copy_server(source.prepared, one)
            one.logs.mkdir()
            for folder in (one.server, one.logs):
                give_to_box(folder, means)
        write_atomic(run / "task.json", to_json(_task(target, source, fixes, material, thorough)).encode())
        with _prober(target.workspace, reserved, second, means, progress) as prober:
            found = prober.listen(Measurement)
            if contract:
                start = partial(boxed_system, partial(_ask, prober), prober.child.kill, contract.rows)
                beside = compare(
                    target,
                    contract,
                    [one.evidence for one in found.measured],
                    run / REFERENCE,
                    start,
                    progress,
                    migration_problem=found.migration_problem,
                )
    finally:
        leftovers.remove(second)
        leftovers.remove(reserved)
        (run / "task.json").unlink(missing_ok=True)
    notes, migrations = found.notes, found.migrations
    return keep(target.workspace, run, fixes, found.measured, notes, means, started, beside, migrations)


def _task(target: Target, source: Source, fixes: Sequence[Fix], material: Material, thorough: bool) -> Task:
    settings = load_settings(target.workspace)
    file = compose.read(shipped_compose(material.code.workspace.root, target.workspace), settings.ports)
    ports = {one.name: one.port for one in instances_of(file, settings.port_offset)}
    return Task(
        target.workspace.library.root,
        tuple(fixes),
        material.applied,
        dict(target.numbers),
        services_of(fixes),
        {**ports, DATABASE_SERVICE: account_of(file, settings.port_offset).port},
        source.prepared,
        material.indexes,
        material.migrates,
        thorough,
    )


def _ask(prober: BoxedProgram, request: BoxRequest) -> BoxReply:
    """Ask the prober, and return what it tells. Raises EnvironmentFault: it failed."""
    assert prober.child.stdin is not None
    try:
        prober.child.stdin.write(f"{to_json(request, indent=0)}\n".encode())
        prober.child.stdin.flush()
    except BrokenPipeError:
        pass  # what it said last tells why
    reply = prober.listen(BoxReply)
    if reply.refused:
        raise Unreadable(f"The database in the box cannot be read: {reply.refused}")
    return reply


def _prober(
    workspace: Workspace, reserved: Reservation, second: Reservation, means: Means, progress: Progress
) -> AbstractContextManager[BoxedProgram]:
    """Run the prober in the box for the length of the block."""
    writable = {reserved.server: INSIDE / "server", reserved.logs: INSIDE / "logs"}
    if second.server.exists():
        own = INSIDE / CANDIDATE
        writable |= {second.server: own / "server", second.logs: own / "logs"}
    readable = {
        reserved.code: INSIDE / "code",
        reserved.code.with_name("shipped"): INSIDE / "shipped",
        reserved.folder / "task.json": INSIDE / "task.json",
    }
    errors = reserved.folder / "prober.log"
    library, failure = workspace.library.root, f"The measurement in the box failed (see {errors})"
    return program_in_box(PROBER, library, readable, writable, errors, means, failure, progress)
