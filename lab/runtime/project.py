"""One compose project: the containers of one workspace, found by their labels and touched by no other way.

Only what needs the compose file goes through compose. All else is plain docker, so that it works whatever
has become of that file, and the same with either compose tool.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from lab.errors import EnvironmentFault, TimedOut
from lab.runtime.stack import DATABASE_SERVICE
from lab.shell import Finished, run

Runner = Callable[..., Finished]
"""As `lab.shell.run`, or a stand-in for it."""

PROJECT_LABEL = "com.docker.compose.project"
SERVICE_LABEL = "com.docker.compose.service"
DOCKER_COMPOSE = ("docker-compose",)
TOOLS = (("docker", "compose"), DOCKER_COMPOSE)
SERVICE_GRACE, DATABASE_GRACE = 5, 30
"""Seconds for a clean stop."""

DEADLINE = 60.0
PULLING = 1800.0
"""Seconds for what may have to load images first."""

EMBEDDED = "Or run the lab without containers: lab up --embedded"


@dataclass(frozen=True, slots=True)
class Container:
    """What `docker inspect` says of one container; `status` is Docker's word, `ports` the published ones."""

    id: str
    name: str
    service: str
    status: str
    exit_code: int
    out_of_memory: bool
    problem: str
    memory_limit: int | None
    ports: tuple[int, ...]

    @property
    def running(self) -> bool:
        return self.status == "running"


@dataclass(frozen=True, slots=True)
class Project:
    """The project of the workspace at `root`. `variables` are what the compose file asks of its caller."""

    root: Path
    file: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    run: Runner = run

    @property
    def name(self) -> str:
        """Its own for each workspace; by compose's rule all would share one, named after the folder."""
        return f"lab-{sha256(str(self.root).encode()).hexdigest()[:10]}"

    def require_engine(self) -> str:
        """The engine's version.

        Raises:
            EnvironmentFault: none answers.
        """
        try:
            finished = self.run(["docker", "version", "--format", "{{.Server.Version}}"], timeout=20)
        except TimedOut as error:
            raise EnvironmentFault("The Docker Engine does not answer: it hangs.", REMEDY) from error
        except EnvironmentFault as error:
            raise EnvironmentFault(f"There is no Docker here: {error.message}", REMEDY) from error
        if finished.code != 0:
            raise EnvironmentFault(f"No Docker Engine answers: {finished.last_line}", REMEDY)
        return finished.stdout.decode().strip()

    def tool(self) -> tuple[str, ...]:
        """The words that call compose, version 2 where there is one.

        Raises:
            EnvironmentFault: there is none.
        """
        return _tool(self.run)

    def compose(self, *words: str, timeout: float = DEADLINE) -> Finished:
        """Run compose on the project; the exit code is the caller's to judge.

        Raises:
            EnvironmentFault: there is no compose.
        """
        argv = [*self.tool(), "--project-name", self.name, "--file", str(self.file), *words]
        return self.run(argv, cwd=self.root, env=self.variables, timeout=timeout)

    def docker(self, *words: str, timeout: float = DEADLINE) -> Finished:
        """Run docker.

        Raises:
            EnvironmentFault: it failed, or no engine answers.
        """
        finished = self.run(["docker", *words], timeout=timeout)
        if finished.code != 0:
            self.require_engine()
            raise EnvironmentFault(f"docker {words[0]} failed: {finished.last_line}")
        return finished

    def containers(self) -> tuple[Container, ...]:
        """Every container of the project, whatever its state."""
        ids = self._ids("ps", "--all", "--no-trunc")
        if not ids:
            return ()
        finished = self.run(["docker", "inspect", "--type", "container", *ids], timeout=DEADLINE)
        if finished.code != 0:
            self.require_engine()  # else one has gone since it was listed: those that were found are told
        found: list[dict[str, Any]] = json.loads(finished.stdout or b"[]")
        return tuple(_container(document) for document in found)

    def memory(self, containers: Iterable[Container]) -> Mapping[str, int]:
        """Bytes in use, by the container's id. Takes the engine a second or two."""
        ids = [container.id for container in containers]
        if not ids:
            return {}
        said = self.docker("stats", "--no-stream", "--no-trunc", "--format", "{{.ID}} {{.MemUsage}}", *ids)
        rows = [line.split() for line in said.stdout.decode().splitlines()]
        return {row[0]: size for row in rows if len(row) > 1 and (size := bytes_of(row[1])) is not None}

    def stop(self, containers: Sequence[Container], grace: int) -> None:
        """Ask each to stop, and make it after `grace` seconds."""
        if containers:
            ids = [container.id for container in containers]
            self.docker("stop", "-t", str(grace), *ids, timeout=DEADLINE + grace * len(ids))

    def stop_all(self, *, destroy: bool = False) -> tuple[tuple[str, ...], bool]:
        """Stop and remove the containers and the network, whatever the compose file says by now.

        The data stays in its volume, unless `destroy`. Answers which services ran, and if the database did.

        Raises:
            EnvironmentFault: no engine answers, or it refuses.
        """
        running = [one for one in self.containers() if one.running]
        services = [one for one in running if one.service != DATABASE_SERVICE]
        databases = [one for one in running if one.service == DATABASE_SERVICE]
        self.stop(services, SERVICE_GRACE)
        self.stop(databases, DATABASE_GRACE)
        self.remove(volumes=destroy)
        return tuple(sorted(one.service for one in services)), bool(databases)

    def remove(self, *, volumes: bool) -> None:
        """Remove the stopped containers and the networks, and on request the volumes: the data."""
        if ids := self._ids("ps", "--all"):
            self.docker("rm", "--force", "--volumes", *ids)
        if ids := self._ids("network", "ls"):
            self.docker("network", "rm", *ids)
        if volumes and (ids := self._ids("volume", "ls")):
            self.docker("volume", "rm", *ids)

    def has_volume(self) -> bool:
        return bool(self._ids("volume", "ls"))

    def _ids(self, *listing: str) -> list[str]:
        ours = f"label={PROJECT_LABEL}={self.name}"
        return self.docker(*listing, "--quiet", "--filter", ours).stdout.decode().split()


@cache
def _tool(run: Runner) -> tuple[str, ...]:
    for words in TOOLS:
        try:
            if run([*words, "version"], timeout=20).code == 0:
                return words
        except EnvironmentFault:
            continue
    raise EnvironmentFault(
        "Docker is here, but neither `docker compose` nor `docker-compose` is.",
        f"Install Docker's compose plugin. {EMBEDDED}",
    )


def bytes_of(text: str) -> int | None:
    """A size as `docker stats` writes it (44.5MiB) in bytes; None when it is none."""
    for unit, factor in UNITS.items():
        if text.endswith(unit):
            try:
                return int(float(text.removesuffix(unit)) * factor)
            except ValueError:
                return None
    return None


def _container(document: dict[str, Any]) -> Container:
    state, host = document["State"], document["HostConfig"]
    bindings = (host.get("PortBindings") or {}).values()
    ports = tuple(int(one["HostPort"]) for bound in bindings for one in bound or () if one["HostPort"])
    return Container(
        id=document["Id"],
        name=document["Name"].lstrip("/"),
        service=document["Config"]["Labels"].get(SERVICE_LABEL, ""),
        status=state["Status"],
        exit_code=state["ExitCode"],
        # The flag outlives a restart: only with the code that goes with it does it tell of the last end.
        out_of_memory=bool(state.get("OOMKilled")) and state["ExitCode"] == KILLED,
        problem=state.get("Error", ""),
        memory_limit=host.get("Memory") or None,
        ports=ports,
    )


KILLED = 137
UNITS = {"GiB": 2**30, "MiB": 2**20, "KiB": 2**10, "GB": 10**9, "MB": 10**6, "kB": 10**3, "B": 1}
REMEDY = f"Start one, and see that you may use it (docker version). {EMBEDDED}"
