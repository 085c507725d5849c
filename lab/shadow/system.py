"""A system whose contract is compared: services on a server of their own, which no probe has used."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.probing.bench import Bench, Service
from lab.probing.contract.kept import DatabaseRows, Relations
from lab.probing.contract.player import Player
from lab.probing.contract.script import Task, Transcript
from lab.profile import profile_of
from lab.progress import Progress, silent
from lab.runtime.prepared import Prepared
from lab.shadow import leftovers
from lab.shadow.shadow import Material, assemble, serve, starter_of

Given = Mapping[str, Mapping[str, str]]
"""Variables by service: they are added to its environment."""


@dataclass(frozen=True, slots=True)
class System:
    """Services that answer, and their rows. `before` has the tables as they were before the migrations.

    It is empty if there are no migrations but the shipped ones.

    `problem` says why the system cannot be compared, `migration_problem` why its migrations failed; both are
    empty if there is no such problem.
    """

    player: Player
    rows: DatabaseRows
    before: Relations
    problem: str
    migration_problem: str

    def play(self, tasks: Sequence[Task]) -> list[Transcript]:
        return self.player.play(tasks)

    def stop(self) -> None:
        self.player.stop()


@contextmanager
def system(
    material: Material,
    prepared: Prepared,
    folder: Path,
    rows: str,
    given: Given,
    *,
    ports: Mapping[str, int] | None = None,
    database_port: int | None = None,
    progress: Progress = silent,
) -> Iterator[System]:
    """Start the services of this code in `folder`, on a copy of the prepared server with `rows`.

    They are ended after the block. Raises as `lab.shadow.shadow.shadow` does.
    """
    reserved = leftovers.reserve(folder)
    try:
        server = serve(prepared, reserved, material.applied, rows, database_port)
        # No connection of ours is open while the migrations run.
        before = DatabaseRows(server.url).relations() if material.migrates else {}
        services = {one.name: True for one in profile_of(material.code.workspace).services}
        starter = starter_of(material, server, reserved, ports)
        made = assemble(material, starter, services, progress=progress)
        running = {name: _instances(made.bench, name, given.get(name)) for name in services}
        problems = [f"{one.name} {one.problem}" for each in running.values() for one in each if one.problem]
        urls = {name: [one.url for one in each] for name, each in running.items()}
        problem = "; ".join(problems)
        yield System(Player(urls), DatabaseRows(server.url), before, problem, made.migration_problem)
    finally:
        leftovers.remove(reserved)


def _instances(bench: Bench, name: str, given: Mapping[str, str] | None) -> tuple[Service, ...]:
    """Return the instances of this service; if it is given variables, one that has them."""
    return (bench.launch(name, "given", environment=given),) if given else bench.replicas(name)
