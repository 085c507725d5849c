"""The program that measures in a box: `python -m lab.operations.prober RUN`, with the task in RUN/task.json.

It prints one line of JSON for each step, and then the result: see `lab.operations.boxed_program.Message`.
After that, it replies to the requests on its standard input, a line each: see `lab.operations.conversation`.
"""

import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg2

from lab.errors import LabError
from lab.json_files import from_json
from lab.library import Library
from lab.operations.box import Measurement, Task
from lab.operations.boxed_program import Message, tell, tell_progress
from lab.operations.contract import CANDIDATE
from lab.operations.conversation import BoxReply, BoxRequest, reply_to
from lab.operations.probed_shadow import bugs_to_measure, findings_on, looks, probed
from lab.progress import Update
from lab.records import raw_json
from lab.runtime.database_address import DATABASE_SERVICE
from lab.shadow import code, leftovers
from lab.shadow.shadow import Material, assemble, serve, starter_of
from lab.shadow.system import system
from lab.workspace import Workspace


def measure(run: Path, task: Task) -> Measurement:
    """Measure what the task asks for. Raises LabError if that is not possible."""
    reserved = leftovers.reserve(run)
    bugs = bugs_to_measure(Library(task.library), task.bugs)
    tell_progress(Update("Starting PostgreSQL"))
    try:
        server = serve(task.prepared, reserved, task.applied, port=task.ports[DATABASE_SERVICE])
        material = _material(run, task)
        starter = starter_of(material, server, reserved, task.ports)
        made = assemble(material, starter, task.services, thorough=task.thorough, progress=tell_progress)
        measured = tuple(
            replace(one, raw=from_json(raw_json(one.raw), dict[str, Any]))
            for one in probed(bugs, task.numbers, made, tell_progress)
        )
        noticed = looks(made.bench)
        leftovers.kill_services(reserved)
        notes = (*made.notes, *noticed, *leftovers.reached_bounds(run))
        return Measurement(measured, notes, made.migration_problem, findings_on(made))
    finally:
        leftovers.end_server(reserved)


def _material(run: Path, task: Task) -> Material:
    copied = code.read(Workspace(leftovers.reserve(run).code, Library(task.library)))
    return Material(copied, task.applied, task.indexes, task.migrates)


def converse(run: Path, task: Task, lines: Iterator[bytes]) -> None:
    """Start the system that the first line asks for, and reply to the requests in the other lines."""
    first = next(lines, None)
    if first is None or (start := from_json(first, BoxRequest).start) is None:
        return
    with system(
        _material(run, task),
        task.prepared,
        run / CANDIDATE,
        start.rows,
        start.given,
        ports=task.ports,
        database_port=task.ports[DATABASE_SERVICE],
        progress=tell_progress,
    ) as made:
        reply = BoxReply(
            relations={name: dict(types) for name, types in made.before.items()},
            problem=made.problem,
            migration_problem=made.migration_problem,
        )
        tell(Message(result=reply))
        for line in lines:
            try:
                tell(Message(result=reply_to(made, from_json(line, BoxRequest))))
            except psycopg2.Error as error:
                tell(Message(result=BoxReply(refused=" ".join(str(error).split()))))


def main() -> None:
    run = Path(sys.argv[1])
    # No process that is started here may read the requests.
    requests = os.fdopen(os.dup(sys.stdin.fileno()), "rb")
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), sys.stdin.fileno())
    try:
        task = from_json((run / "task.json").read_bytes(), Task)
        tell(Message(result=measure(run, task)))
        converse(run, task, iter(requests))
    except LabError as error:
        tell(Message(problem=str(error)))


if __name__ == "__main__":
    main()
