"""A compose project: the containers of one workspace, found by their labels.

compose is used only where the compose file is needed. All else uses plain docker, so that it works even if
that file is damaged, and with either version of compose.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from lab.errors import EnvironmentFault, TimedOut
from lab.runtime.database_address import DATABASE_SERVICE
from lab.shell import Finished, run

Runner = Callable[..., Finished]
"""A function with the parameters of `lab.shell.run`."""

PROJECT_LABEL = "com.docker.compose.project"
SERVICE_LABEL = "com.docker.compose.service"
DOCKER_COMPOSE = ("docker-compose",)
TOOLS = (("docker", "compose"), DOCKER_COMPOSE)
SERVICE_GRACE, DATABASE_GRACE = 10, 30
"""Seconds that a container has for a clean stop before it is killed."""

COMMAND_TIMEOUT, PULL_TIMEOUT = 60.0, 1800.0
"""Seconds for a command, and for one that may download images first."""

EMBEDDED = "Or run the lab without containers: lab up --embedded"


@dataclass(frozen=True, slots=True)
class Container:
    """A container as `docker inspect` describes it. `ports` are this machine's, the limit is in bytes.

    `started` is the time of its last start.
    """

    id: str
    name: str
    service: str
    running: bool
    exit_code: int
    out_of_memory: bool
    problem: str
    memory_limit: int | None
    ports: tuple[int, ...]
    started: str = ""


@dataclass(frozen=True, slots=True)
class Project:
    """The project of the workspace at `root`. `variables` are those that the compose file reads."""

    root: Path
    file: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    run: Runner = run

    @property
    def name(self) -> str:
        """The project's name, different for each workspace; compose's default is the name of the folder."""
        return f"lab-{sha256(str(self.root).encode()).hexdigest()[:10]}"

    def require_engine(self) -> str:
        """Return the version of the Docker Engine. Raises EnvironmentFault: no engine answers."""
        try:
            finished = self.run(["docker", "version", "--format", "{{.Server.Version}}"], timeout=20)
        except TimedOut as error:
            raise EnvironmentFault("The Docker Engine does not answer within 20 s.", RESTART) from error
        except EnvironmentFault as error:
            raise EnvironmentFault(f"There is no Docker here: {error.message}", REMEDY) from error
        if finished.code != 0:
            raise EnvironmentFault(f"No Docker Engine answers: {finished.last_line}", REMEDY)
        return finished.stdout.decode().strip()

    def tool(self) -> tuple[str, ...]:
        """Return the words that call compose: `docker compose`, else `docker-compose`.

        Raises:
            EnvironmentFault: neither runs.
        """
        return _tool(self.run)

    def compose(self, *words: str, timeout: float = COMMAND_TIMEOUT) -> Finished:
        """Run compose on the project, whatever its exit code is.

        Raises:
            EnvironmentFault: compose is not installed, or did not end within `timeout` seconds.
        """
        argv = [*self.tool(), "--project-name", self.name, "--file", str(self.file), *words]
        return self.run(argv, cwd=self.root, env=self.variables, timeout=timeout)

    def docker(self, *words: str, timeout: float = COMMAND_TIMEOUT) -> Finished:
        """Run docker and return its output.

        Raises:
            EnvironmentFault: it failed or did not end within `timeout` seconds, or no engine answers.
        """
        finished = self.run(["docker", *words], timeout=timeout)
        if finished.code != 0:
            self.require_engine()
            raise EnvironmentFault(f"docker {words[0]} failed: {finished.last_line}")
        return finished

    def containers(self) -> tuple[Container, ...]:
        """Return every container of the project, running or not. Raises EnvironmentFault if that fails."""
        ids = self._ids("ps", "--all", "--no-trunc")
        if not ids:
            return ()
        finished = self.run(["docker", "inspect", "--type", "container", *ids], timeout=COMMAND_TIMEOUT)
        if finished.code != 0:
            self.require_engine()  # if it answers, a container was removed since the listing
        found: list[dict[str, Any]] = json.loads(finished.stdout or b"[]")
        return tuple(_container(document) for document in found)

    def memory(self, containers: Iterable[Container]) -> Mapping[str, int]:
        """Return the memory in use, in bytes, by container id. This takes a second or two."""
        ids = [container.id for container in containers]
        if not ids:
            return {}
        output = self.docker("stats", "--no-stream", "--no-trunc", "--format", "{{.ID}} {{.MemUsage}}", *ids)
        rows = [line.split() for line in output.stdout.decode().splitlines()]
        return {row[0]: size for row in rows if len(row) > 1 and (size := parse_size(row[1])) is not None}

    def stop(self, containers: Sequence[Container], grace: int) -> None:
        """Stop the containers, and kill those that still run after `grace` seconds."""
        if containers:
            ids = [container.id for container in containers]
            self.docker("stop", "-t", str(grace), *ids, timeout=COMMAND_TIMEOUT + grace * len(ids))

    def stop_all(self, *, destroy: bool = False) -> tuple[tuple[str, ...], bool]:
        """Stop and remove the containers and networks, and with `destroy` the volumes, which hold the data.

        Returns the services that ran, and whether the database ran.

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
        """Remove the containers and the networks, and with `volumes` the volumes, which hold the data."""
        if ids := self._ids("ps", "--all"):
            self.docker("rm", "--force", "--volumes", *ids)
        if ids := self._ids("network", "ls"):
            self.docker("network", "rm", *ids)
        if volumes and (ids := self._ids("volume", "ls")):
            self.docker("volume", "rm", *ids)

    def has_volume(self) -> bool:
        return bool(self._ids("volume", "ls"))

    def _ids(self, *listing: str) -> list[str]:
        label = f"label={PROJECT_LABEL}={self.name}"
        return self.docker(*listing, "--quiet", "--filter", label).stdout.decode().split()


@cache
def _tool(run: Runner) -> tuple[str, ...]:
    for words in TOOLS:
        try:
            if run([*words, "version"], timeout=20).code == 0:
                return words
        except EnvironmentFault:
            continue
    raise EnvironmentFault(
        "Docker is installed, but neither `docker compose` nor `docker-compose` is.",
        f"Install Docker's compose plugin. {EMBEDDED}",
    )


def parse_size(text: str) -> int | None:
    """Return the bytes of a size as `docker stats` writes it (44.5MiB); None if `text` is not a size."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(\w+)", text)
    factor = UNITS.get(found[2]) if found else None
    return int(float(found[1]) * factor) if found and factor else None


def _container(document: dict[str, Any]) -> Container:
    state, host = document["State"], document["HostConfig"]
    bindings = (host.get("PortBindings") or {}).values()
    ports = tuple(int(one["HostPort"]) for bound in bindings for one in bound or () if one["HostPort"])
    return Container(
        id=document["Id"],
        name=document["Name"].lstrip("/"),
        service=document["Config"]["Labels"].get(SERVICE_LABEL, ""),
        running=state["Status"] == "running",
        exit_code=state["ExitCode"],
        # Docker keeps the flag over a restart: it is of the last exit only if the exit code agrees.
        out_of_memory=bool(state.get("OOMKilled")) and state["ExitCode"] == KILLED,
        problem=state.get("Error", ""),
        memory_limit=host.get("Memory") or None,
        ports=ports,
        started=state.get("StartedAt", ""),
    )


KILLED = 137
UNITS = {"GiB": 2**30, "MiB": 2**20, "KiB": 2**10, "GB": 10**9, "MB": 10**6, "kB": 10**3, "B": 1}
RESTART = f"Restart it. {EMBEDDED}"
REMEDY = f"Start one, and check that you may use it (docker version). {EMBEDDED}"
