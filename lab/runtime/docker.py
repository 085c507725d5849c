"""The docker runtime: the compose file's own containers, driven by compose, on ports of 127.0.0.1."""

import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from lab import compose
from lab.compose import ComposeFile
from lab.database import connect
from lab.errors import DatabaseUnreachable, EnvironmentFault, InvalidFile, UsageError
from lab.progress import Progress, Update
from lab.runtime import container_logs, database_service, process
from lab.runtime.account import MAINTENANCE, Account
from lab.runtime.launch import OUT_OF_MEMORY
from lab.runtime.project import DOCKER_COMPOSE, PULLING, SERVICE_GRACE, Container, Project, Runner
from lab.runtime.stack import DATABASE_SERVICE, START_DEADLINE, ServiceStatus
from lab.shell import run
from lab.workspace import Workspace

PORT_VARIABLES = {
    DATABASE_SERVICE: "LAB_DB_PORT",
    "device-service": "LAB_DEVICE_PORT",
    "workflow-service": "LAB_WORKFLOW_PORT",
}
DATABASE_DEADLINE = 120.0
POLL = 0.1


@dataclass(frozen=True, slots=True)
class DockerRuntime:
    """One workspace's containers, as its compose file has them."""

    project: Project
    account: Account
    database: str
    ports: Mapping[str, int]
    limits: Mapping[str, int | None]

    kind = "docker"
    starts_with_empty_database = True

    @property
    def url(self) -> str:
        return self.account.url(self.database)

    @property
    def services(self) -> tuple[str, ...]:
        return tuple(name for name in self.ports if name != DATABASE_SERVICE)

    def require_ports(self) -> None:
        self.project.require_engine()
        held = {port for one in self.project.containers() if one.running for port in one.ports}
        for name, port in self.ports.items():
            if port not in held:
                asker = f"the database ({name})" if name == DATABASE_SERVICE else name
                process.require_free_port(asker, port)

    def prepare(self, progress: Progress) -> None:
        """Raises EnvironmentFault: an image cannot be built."""
        progress(Update("Building the images"))
        # The builder of old leaves the container in which a step failed.
        cleanly = ["--force-rm"] if self.project.tool() == DOCKER_COMPOSE else []
        self._compose(BUILD_REMEDY, "build", *cleanly, *self.services)

    def start_database(self) -> None:
        """Start the server; one that never answered leaves no volume that a later start would trip over.

        Raises:
            EnvironmentFault: it did not start; the message holds its last words.
        """
        is_new = not self.project.has_volume()
        try:
            self._compose("", "up", "--detach", "--no-deps", DATABASE_SERVICE)
            self._await_database()
        except BaseException:
            if is_new:
                self._forget()
            raise

    def database_running(self) -> bool:
        ours = self._container(DATABASE_SERVICE)
        return ours is not None and ours.running and self.account.port in ours.ports and self._answers() == ""

    def start_services(self, chosen: Iterable[str] = ()) -> None:
        """Start what does not run; what the compose file now describes otherwise is made anew.

        Raises:
            EnvironmentFault: a container cannot be made or started.
        """
        names = self._chosen(chosen)
        self._compose("", "up", "--detach", "--no-deps", *names)
        until = time.monotonic() + START_DEADLINE
        waiting = set(names)
        while waiting and time.monotonic() < until:
            running = {one.service for one in self.project.containers() if one.running}
            waiting = {n for n in waiting & running if not process.answers_health(self.ports[n])}
            time.sleep(POLL)

    def stop_services(self, chosen: Iterable[str] = ()) -> tuple[str, ...]:
        names = self._chosen(chosen)
        running = [one for one in self.project.containers() if one.running and one.service in names]
        self.project.stop(running, SERVICE_GRACE)
        return tuple(one.service for one in running)

    def status(self) -> tuple[ServiceStatus, ...]:
        found = {one.service: one for one in self.project.containers()}
        ours = [one for name, one in found.items() if name in self.services and one.running]
        memory = self.project.memory(ours)
        return tuple(self._status(name, found.get(name), memory) for name in self.services)

    def logs(self, names: Iterable[str], lines: int, follow: bool) -> Iterator[tuple[str, str]]:
        return container_logs.read(self.project, tuple(names), lines, follow)

    def psql(self, *, terminal: bool) -> list[str]:
        """The command line of psql inside the database's container, for a machine that has none."""
        container = self._container(DATABASE_SERVICE)
        if container is None:
            raise EnvironmentFault("The database has no container.", "Start the lab: lab up")
        flags = ["--interactive", *(["--tty"] if terminal else [])]
        as_owner = [f"--username={self.account.user}", f"--dbname={self.database}"]
        return ["docker", "exec", *flags, container.id, "psql", *as_owner]

    def _status(self, name: str, found: Container | None, memory: Mapping[str, int]) -> ServiceStatus:
        port = self.ports[name]
        if found is None:
            return ServiceStatus(name, "stopped", port, memory_limit=self.limits[name])
        if found.running:
            state = "healthy" if process.answers_health(port) else "unhealthy"
            used = memory.get(found.id)
            return ServiceStatus(
                name, state, port, memory=used, memory_limit=found.memory_limit, container=found.name
            )
        reason = OUT_OF_MEMORY if found.out_of_memory else found.problem or "ended by itself"
        return ServiceStatus(
            name,
            "exited",
            port,
            memory_limit=found.memory_limit,
            exit_code=found.exit_code,
            reason=reason,
            container=found.name,
        )

    def _container(self, service: str) -> Container | None:
        return next((one for one in self.project.containers() if one.service == service), None)

    def _chosen(self, chosen: Iterable[str]) -> tuple[str, ...]:
        wanted = set(chosen)
        return tuple(name for name in self.services if not wanted or name in wanted)

    def _compose(self, remedy: str, *words: str) -> None:
        finished = self.project.compose(*words, timeout=PULLING)
        if finished.code != 0:
            self.project.require_engine()
            said = finished.stderr.decode(errors="replace") + finished.stdout.decode(errors="replace")
            raise EnvironmentFault(f"compose {words[0]} failed: {reason_of(said)}", remedy)

    def _await_database(self) -> None:
        until = time.monotonic() + DATABASE_DEADLINE
        while problem := self._answers():
            container = self._container(DATABASE_SERVICE)
            if container is None or not container.running or time.monotonic() > until:
                lines = [line for _, line in self.logs([DATABASE_SERVICE], 50, follow=False)]
                fatal = [line for line in lines if re.search(r"\b(FATAL|PANIC|[Ee]rror):", line)]
                said = " / ".join((fatal or lines)[-3:]) or problem
                raise EnvironmentFault(f"PostgreSQL did not start in its container: {said}", DATABASE_REMEDY)
            time.sleep(POLL)

    def _answers(self) -> str:
        """Why the server does not answer; nothing when it does."""
        try:
            connect(self.account.url(MAINTENANCE)).close()
        except DatabaseUnreachable as error:
            return error.message
        return ""

    def _forget(self) -> None:
        try:
            self.project.remove(volumes=True)
        except EnvironmentFault:
            return  # the engine is gone: what is said is why the start failed


def docker_runtime(
    workspace: Workspace,
    file: ComposeFile,
    port_offset: int = 0,
    environ: Mapping[str, str] = os.environ,
    runner: Runner = run,
) -> DockerRuntime:
    """The runtime of this workspace; asks nothing of an engine yet.

    Raises:
        InvalidFile: the compose file lacks something that is needed, or does not let its ports be moved.
        UsageError: LAB_DATABASE_URL names another server.
    """
    if environ.get("LAB_DATABASE_URL"):
        raise UsageError(
            "LAB_DATABASE_URL names a server of your own, and the containers work on theirs.",
            "Unset it, or run the services without containers: lab up --embedded",
        )
    account = database_service.account_of(file, port_offset)
    published = {name: spec.port.host for name, spec in file.services.items() if spec.port}
    ports = {name: port + port_offset for name, port in published.items()}
    variables = {PORT_VARIABLES[name]: str(port) for name, port in ports.items() if name in PORT_VARIABLES}
    _require_movable(file, ports, {**environ, **variables})
    return DockerRuntime(
        project=project_of(workspace, runner, variables),
        account=account,
        database=database_service.database_of(file),
        ports=ports,
        limits={name: spec.memory_limit for name, spec in file.services.items()},
    )


def project_of(
    workspace: Workspace, runner: Runner = run, variables: Mapping[str, str] | None = None
) -> Project:
    """The workspace's project; it can be stopped and looked at without the compose file's variables."""
    return Project(workspace.root, workspace.compose_file, variables or {}, runner)


def reason_of(said: str) -> str:
    """The line of compose's output that names the reason, rather than the one that it happens to end with."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    telling = [line for line in lines if re.search(r"error|failed|denied", line, re.IGNORECASE)]
    telling = [line for line in telling if not line.startswith("Encountered errors")]
    return (telling or lines or ["it said nothing"])[-1]


def _require_movable(file: ComposeFile, ports: Mapping[str, int], environ: Mapping[str, str]) -> None:
    """Raises InvalidFile: told to use these ports, compose would use others."""
    moved = compose.read(file.path, environ).services
    problems = [
        f"services.{name}.ports: {port.host} stands there, so that the lab cannot move it to {ports[name]}: "
        f"write ${{{PORT_VARIABLES.get(name, 'NAME')}:-{port.host}}}"
        for name, spec in moved.items()
        if (port := spec.port) is not None and port.host != ports[name]
    ]
    if problems:
        raise InvalidFile(file.path, problems, database_service.RESTORE)


BUILD_REMEDY = "All that it said: docker compose -f compose/docker-compose.yml build"
DATABASE_REMEDY = (
    "It runs as db in compose/docker-compose.yml says. To start afresh: lab down --destroy, then lab up"
)
