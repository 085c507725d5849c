"""A system whose contract is compared: services on a server of their own, which no probe has used."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.engine.kept_rows import DatabaseRows, Relations
from lab.probing.bench import Bench, Service
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

    It is empty if there are no migrations but the shipped ones. `instances` may still be starting.
    `migration_problem` says why the migrations failed; it is empty if they did not.
    """

    player: Player
    rows: DatabaseRows
    before: Relations
    migration_problem: str
    instances: tuple[Service, ...]

    @property
    def problem(self) -> str:
        """Why the system cannot be compared; empty if it can. Waits until its services have started."""
        return "; ".join(f"{one.name} {one.problem}" for one in self.instances if one.problem)

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
    replicas: bool = True,
    ports: Mapping[str, int] | None = None,
    database_port: int | None = None,
    progress: Progress = silent,
) -> Iterator[System]:
    """Start the services of this code in `folder`, on a copy of the prepared server with `rows`.

    Each service has all its instances, or one if there are to be no `replicas`. They are started together,
    without a wait for them, and ended after the block. Raises as `lab.shadow.shadow.shadow` does.
    """
    reserved = leftovers.reserve(folder)
    try:
        server = serve(prepared, reserved, material.applied, rows, database_port)
        # No connection of ours is open while the migrations run.
        before = DatabaseRows(server.url).relations() if material.migrates else {}
        services = {one.name: replicas for one in profile_of(material.code.workspace).services}
        starter = starter_of(material, server, reserved, ports)
        made = assemble(material, starter, services, progress=progress)
        running = {name: _instances(made.bench, name, given.get(name)) for name in services}
        instances = tuple(one for each in running.values() for one in each)
        player = Player({name: [one.url for one in each] for name, each in running.items()})
        yield System(player, DatabaseRows(server.url), before, made.migration_problem, instances)
    finally:
        leftovers.remove(reserved)


def _instances(bench: Bench, name: str, given: Mapping[str, str] | None) -> tuple[Service, ...]:
    """Return the instances of this service; if it is given variables, one that has them."""
    return (bench.launch(name, "given", environment=given),) if given else bench.replicas(name)
