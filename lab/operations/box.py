"""Measure in a box: a network and a database server of its own, in which the candidate's code has its walls.

Its ports, and the names of its database and roles, are those of a lab that is up. The measurement itself is
made by a program in the box, `lab.operations.prober`, of which only the result and the logs leave it.
"""

import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from lab import compose, records, sandbox
from lab.catalog import Fix
from lab.errors import EnvironmentFault
from lab.files import write_atomic
from lab.json_files import from_json, to_json
from lab.library import PACKAGE
from lab.operations.measure import Checked, Target, keep, services_of
from lab.operations.settings import load_settings
from lab.probing.verdict import Measured
from lab.progress import Progress, Update, silent
from lab.runtime.database_service import account_of
from lab.runtime.log_files import tail
from lab.runtime.prepared import Prepared
from lab.runtime.stack import DATABASE_SERVICE, instances_of
from lab.sandbox import UNBOUNDED, Means, Wall, nests, walled
from lab.shadow import leftovers
from lab.shadow.code import shipped_compose
from lab.shadow.leftovers import Reservation
from lab.shadow.server import copy_server
from lab.shadow.shadow import Material, Source, read_material
from lab.workspace import Workspace

PROBER = "lab.operations.prober"
INSIDE = Path("/box/run")
"""The folder of the run, as the prober sees it."""

VARIABLES = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8"}


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
class Said:
    """One line of the prober's output: its progress, why it failed, or at the end what it measured."""

    text: str = ""
    done: int = 0
    total: int = 0
    problem: str = ""
    measured: tuple[Measured, ...] | None = None
    notes: tuple[str, ...] = ()


def measure_in_box(
    target: Target,
    source: Source,
    fixes: Sequence[Fix],
    *,
    thorough: bool = False,
    progress: Progress = silent,
) -> Checked:
    """Measure the bugs of these fixes in a box, and keep the evidence in a run.

    Raises:
        EnvironmentFault: this machine cannot make a box, or the measurement in it failed.
        Locked: another lab kept the workspace locked.
        InvalidFile: lab.toml, or the compose file that counts as shipped, cannot be used.
    """
    started, means = time.monotonic(), sandbox.found()
    if not nests(means):
        raise EnvironmentFault(
            f"This machine cannot make a box: its level of walls is {means.level}. {means.better}".rstrip(),
            "Measure without one: lab check. What this machine can do: lab doctor",
        )
    run = records.begin(target.workspace)
    reserved = leftovers.reserve(run)
    try:
        material = read_material(source, reserved, progress)
        progress(Update("Copying the database server"))
        copy_server(source.prepared, reserved)
        reserved.logs.mkdir()
        for folder in (reserved.server, reserved.logs):
            _give(folder, means)
        write_atomic(run / "task.json", to_json(_task(target, source, fixes, material, thorough)).encode())
        result = _run(target.workspace, reserved, means, progress)
    finally:
        leftovers.remove(reserved)
        (run / "task.json").unlink(missing_ok=True)
    return keep(target.workspace, run, fixes, result.measured or (), result.notes, means, started)


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


def _give(folder: Path, means: Means) -> None:
    """Give the folder to the user that the box runs as."""
    if means.switches_user:
        subprocess.run(["chown", "-R", f"{means.uid}:{means.uid}", str(folder)], check=True)


def _run(workspace: Workspace, reserved: Reservation, means: Means, progress: Progress) -> Said:
    """Run the prober in the box to its end. Raises EnvironmentFault: it failed."""
    library = workspace.library.root
    folders = {folder: folder for folder in (library, PACKAGE)}
    wall = Wall(
        readable={
            **folders,
            reserved.code: INSIDE / "code",
            reserved.code.with_name("shipped"): INSIDE / "shipped",
            reserved.folder / "task.json": INSIDE / "task.json",
        },
        writable={reserved.server: INSIDE / "server", reserved.logs: INSIDE / "logs"},
        empty=(INSIDE.parent,),
        environment={**VARIABLES, "PYTHONPATH": str(PACKAGE.parent)},
        nests=True,
    )
    argv = [sys.executable, "-P", "-m", PROBER, str(INSIDE)]
    command = walled(argv, wall, UNBOUNDED, means)
    errors = reserved.folder / "prober.log"
    with (
        errors.open("wb") as log,
        subprocess.Popen(
            command.argv,
            env=command.environment,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            process_group=0,
        ) as child,
    ):
        assert child.stdout is not None
        try:
            result = _listen(child.stdout, progress)
        finally:
            child.kill()  # the wall ends everything in it
    if result.measured is None:
        reason = result.problem or (tail(errors, 1) or ["it said nothing"])[-1]
        raise EnvironmentFault(f"The measurement in the box failed: {reason}", f"See {errors}.")
    return result


def _listen(output: IO[bytes], progress: Progress) -> Said:
    """Report the progress that the prober prints, and return the last thing that it said."""
    last = Said()
    for line in output:
        with suppress(ValueError):
            last = from_json(line, Said)
            if last.text:
                progress(Update(last.text, last.done, last.total))
    return last
