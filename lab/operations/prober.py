"""The program that measures in a box: `python -m lab.operations.prober RUN`, with the task in RUN/task.json.

It prints one line of JSON for each step, and the result as the last one: see `lab.operations.box.Said`.
"""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from lab import sandbox
from lab.errors import LabError
from lab.json_files import from_json, to_json
from lab.library import Library
from lab.operations.box import Said, Task
from lab.operations.measure import looks, probed
from lab.profile import profile_of
from lab.progress import Update
from lab.records import raw_json
from lab.runtime.process import free_ports
from lab.runtime.stack import DATABASE_SERVICE
from lab.shadow import code, data, leftovers
from lab.shadow.server import start_server
from lab.shadow.services import Services
from lab.shadow.shadow import Material, assemble
from lab.workspace import Workspace


def measure(run: Path) -> Said:
    """Measure what RUN/task.json asks for. Raises LabError if that is not possible."""
    task = from_json((run / "task.json").read_bytes(), Task)
    reserved = leftovers.reserve(run)
    workspace = Workspace(reserved.code, Library(task.library))
    say(Update("Starting PostgreSQL"))
    server = start_server(task.prepared, reserved, task.ports[DATABASE_SERVICE])
    try:
        data.apply_fixes(server.url, task.applied)
        names = {name: one.name for one in profile_of(workspace).services for name in one.instances}
        others = [name for name in names if name not in task.ports]
        ports = {**task.ports, **dict(zip(others, free_ports(len(others)), strict=True))}
        own_ports = {name: ports[name] for name in names}
        material = Material(code.read(workspace), task.applied, task.indexes, task.migrates)
        starter = Services(material.code, server, reserved, names, own_ports, sandbox.found())
        made = assemble(material, starter, task.services, thorough=task.thorough, progress=say)
        measured = tuple(
            replace(one, raw=from_json(raw_json(one.raw), dict[str, Any]))
            for one in probed(workspace.library, task.bugs, task.numbers, made, say)
        )
        noticed = looks(made.bench)
        leftovers.kill_services(reserved)
        return Said(measured=measured, notes=(*made.notes, *noticed, *leftovers.reached_bounds(run)))
    finally:
        leftovers.end_server(reserved)


def say(update: Update) -> None:
    """Print the progress."""
    _print(Said(update.text, update.done, update.total))


def _print(said: Said) -> None:
    sys.stdout.write(f"{to_json(said, indent=0)}\n")
    sys.stdout.flush()


def main() -> None:
    try:
        _print(measure(Path(sys.argv[1])))
    except LabError as error:
        _print(Said(problem=str(error)))


if __name__ == "__main__":
    main()
