"""The docker runtime: the containers of the compose file, with their ports on 127.0.0.1."""

import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from lab import compose
from lab.compose import ComposeFile
from lab.database import connection_problem
from lab.errors import EnvironmentFault, InvalidFile, UsageError
from lab.profile import profile_of
from lab.progress import Progress, Update
from lab.runtime import container_logs, database_service, process
from lab.runtime.account import MAINTENANCE, Account
from lab.runtime.container_code import ContainerCode
from lab.runtime.database_address import DATABASE_SERVICE
from lab.runtime.launch import OUT_OF_MEMORY
from lab.runtime.prepared import Prepared
from lab.runtime.project import DOCKER_COMPOSE, PULL_TIMEOUT, SERVICE_GRACE, Container, Project, Runner
from lab.runtime.stack import START_TIMEOUT, ServiceStatus
from lab.service_code import code_hash
from lab.shell import run
from lab.workspace import Workspace

DATABASE_PORT = "LAB_DB_PORT"
DATABASE_TIMEOUT = 120.0
"""Seconds that the database has to accept connections."""

POLL = 0.1
"""Seconds between two looks at what is starting."""


@dataclass(frozen=True, slots=True)
class DockerRuntime:
    """One workspace's containers. `limits` are memory in bytes; `is_healthy` checks the service on a port."""

    project: Project
    account: Account
    database: str
    ports: Mapping[str, int]
    limits: Mapping[str, int | None]
    code: ContainerCode
    is_healthy: Callable[[int], bool] = process.answers_health

    kind = "docker"
    starts_with_empty_database = True
    needs_data = False

    @property
    def url(self) -> str:
        return self.account.owner_url(self.database)

    @property
    def services(self) -> tuple[str, ...]:
        return tuple(name for name in self.ports if name != DATABASE_SERVICE)

    def copy_data(self, prepared: Prepared) -> None:
        """Do nothing: the image makes its data directory."""

    def require_ports(self) -> None:
        self.project.require_engine()
        held = {port for one in self.project.containers() if one.running for port in one.ports}
        for name, port in self.ports.items():
            if port not in held:
                asker = f"the database ({name})" if name == DATABASE_SERVICE else name
                process.require_free_port(asker, port)

    def prepare(self, progress: Progress) -> None:
        """Build the images. Raises EnvironmentFault: one cannot be built."""
        progress(Update("Building the images"))
        # The builder of docker-compose 1 leaves the container of a failed step.
        options = ["--force-rm"] if self.project.tool() == DOCKER_COMPOSE else []
        self._compose(BUILD_REMEDY, "build", *options, *self.services)

    def start_database(self) -> None:
        """Start the server. If the first start fails, delete containers and volume, which may be half made.

        Raises:
            EnvironmentFault: it did not start. The message quotes its log.
        """
        is_new = not self.project.has_volume()
        try:
            self._compose("", "up", "--detach", "--no-deps", DATABASE_SERVICE)
            self._await_database()
        except BaseException:
            if is_new:
                with suppress(EnvironmentFault):  # no engine answers; what is raised is why the start failed
                    self.project.remove(volumes=True)
            raise

    def database_running(self) -> bool:
        found = self._container(DATABASE_SERVICE)
        if found is None or not found.running or self.account.port not in found.ports:
            return False
        return not connection_problem(self.account.url(MAINTENANCE))

    def start_services(self, chosen: Iterable[str] = ()) -> tuple[str, ...]:
        """Start the services that don't run or run other code than the files have now, and replace containers
        that differ from the compose file.

        All together have START_TIMEOUT seconds to become healthy.

        Raises:
            EnvironmentFault: a container cannot be made or started.
        """
        names = self._chosen(chosen)
        before = [one for one in self.project.containers() if one.running and one.service in names]
        self.project.stop([one for one in before if self.code.runs_other_code(one)], SERVICE_GRACE)
        of = self.code.now(names)
        self._compose("", "up", "--detach", "--no-deps", *names)
        self.code.record(self.project.containers(), before, of)
        deadline = time.monotonic() + START_TIMEOUT
        waiting = set(names)
        while waiting and time.monotonic() < deadline:
            running = {one.service for one in self.project.containers() if one.running}
            waiting = {n for n in waiting & running if not self.is_healthy(self.ports[n])}
            time.sleep(POLL)
        return tuple(name for name in names if name in waiting)

    def stop_services(self, chosen: Iterable[str] = ()) -> tuple[str, ...]:
        names = self._chosen(chosen)
        running = [one for one in self.project.containers() if one.running and one.service in names]
        self.project.stop(running, SERVICE_GRACE)
        return tuple(one.service for one in running)

    def outdated(self) -> tuple[str, ...]:
        found = [one for one in self.project.containers() if one.service in self.services]
        return tuple(one.service for one in found if self.code.is_outdated(one))

    def status(self) -> tuple[ServiceStatus, ...]:
        found = {one.service: one for one in self.project.containers()}
        running = [one for name, one in found.items() if name in self.services and one.running]
        memory = self.project.memory(running)
        return tuple(self._status(name, found.get(name), memory) for name in self.services)

    def logs(self, names: Iterable[str], lines: int, follow: bool) -> Iterator[tuple[str, str]]:
        return container_logs.read(self.project, tuple(names), lines, follow)

    def psql(self, *, terminal: bool) -> list[str]:
        """Return the command that runs psql in the database's container, for a machine without psql.

        Raises:
            EnvironmentFault: there is no such container.
        """
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
        limit, used = found.memory_limit, memory.get(found.id)
        status = ServiceStatus(name, "exited", port, memory=used, memory_limit=limit, container=found.name)
        if found.running:
            state = "healthy" if self.is_healthy(port) else "unhealthy"
            return replace(status, state=state, outdated=self.code.runs_other_code(found))
        reason = OUT_OF_MEMORY if found.out_of_memory else found.problem or "ended by itself"
        return replace(status, exit_code=found.exit_code, reason=reason)

    def _container(self, service: str) -> Container | None:
        return next((one for one in self.project.containers() if one.service == service), None)

    def _chosen(self, chosen: Iterable[str]) -> tuple[str, ...]:
        wanted = set(chosen)
        return tuple(name for name in self.services if not wanted or name in wanted)

    def _compose(self, remedy: str, *words: str) -> None:
        finished = self.project.compose(*words, timeout=PULL_TIMEOUT)
        if finished.code != 0:
            self.project.require_engine()
            output = finished.stderr.decode(errors="replace") + finished.stdout.decode(errors="replace")
            raise EnvironmentFault(f"compose {words[0]} failed: {reason_of(output)}", remedy)

    def _await_database(self) -> None:
        deadline = time.monotonic() + DATABASE_TIMEOUT
        while problem := connection_problem(self.account.url(MAINTENANCE)):
            container = self._container(DATABASE_SERVICE)
            if container is None or not container.running or time.monotonic() > deadline:
                lines = [line for _, line in self.logs([DATABASE_SERVICE], 50, follow=False)]
                fatal = [line for line in lines if re.search(r"\b(FATAL|PANIC|[Ee]rror):", line)]
                reason = " / ".join((fatal or lines)[-3:]) or problem
                problem = f"PostgreSQL did not start in its container: {reason}"
                raise EnvironmentFault(problem, DATABASE_REMEDY)
            time.sleep(POLL)


def docker_runtime(
    workspace: Workspace,
    file: ComposeFile,
    port_offset: int = 0,
    environ: Mapping[str, str] = os.environ,
    runner: Runner = run,
) -> DockerRuntime:
    """Return the runtime of this workspace, without a call to Docker. `runner` runs Docker's commands later.

    Raises:
        InvalidFile: the compose file lacks something that the runtime needs, or fixes a port.
        UsageError: LAB_DATABASE_URL is set, or the database's port would be above 65535.
    """
    if environ.get("LAB_DATABASE_URL"):
        raise UsageError(
            "LAB_DATABASE_URL names a server, but the containers use the server in their own container.",
            "Unset it, or run the services without containers: lab up --embedded",
        )
    known = port_variables(workspace)
    account = database_service.account_of(file, port_offset)
    published = {name: spec.port.host for name, spec in file.services.items() if spec.port}
    ports = {name: port + port_offset for name, port in published.items()}
    variables = {known[name]: str(port) for name, port in ports.items() if name in known}
    _require_movable(file, ports, known, {**environ, **variables})
    return DockerRuntime(
        project=project_of(workspace, runner, variables),
        account=account,
        database=database_service.database_of(file),
        ports=ports,
        limits={name: spec.memory_limit for name, spec in file.services.items()},
        code=ContainerCode(workspace.containers, workspace.compose_file, partial(code_hash, workspace)),
    )


def port_variables(workspace: Workspace) -> Mapping[str, str]:
    """Return the compose file's port variables, by service. Raises InvalidFile: lab.toml cannot be used."""
    return {DATABASE_SERVICE: DATABASE_PORT, **profile_of(workspace).port_variables}


def project_of(
    workspace: Workspace, runner: Runner = run, variables: Mapping[str, str] | None = None
) -> Project:
    """Return the workspace's project. The compose file reads `variables`; plain docker commands need none."""
    return Project(workspace.root, workspace.compose_file, variables or {}, runner)


def reason_of(output: str) -> str:
    """Return the last line of compose's output that names an error; the last line if none does."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if re.search(r"error|failed|denied", line, re.IGNORECASE)]
    errors = [line for line in errors if not line.startswith("Encountered errors")]
    return (errors or lines or ["it wrote no message"])[-1]


def _require_movable(
    file: ComposeFile, ports: Mapping[str, int], known: Mapping[str, str], environ: Mapping[str, str]
) -> None:
    """Raises InvalidFile if compose, with these variables, would publish other ports."""
    published = compose.read(file.path, environ).services
    problems = [
        f"services.{name}.ports: {port.host} is fixed, so the lab cannot change it to {ports[name]}: "
        f"write ${{{known.get(name, 'NAME')}:-{port.host}}}"
        for name, spec in published.items()
        if (port := spec.port) is not None and port.host != ports[name]
    ]
    if problems:
        raise InvalidFile(file.path, problems, database_service.RESTORE)


BUILD_REMEDY = "See the whole output: docker compose -f compose/docker-compose.yml build"
DATABASE_REMEDY = "Check db in compose/docker-compose.yml, or begin again: lab down --destroy, then lab up"
