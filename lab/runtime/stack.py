"""The services as local processes, with the environment, ports and memory limits of the compose file."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from lab.compose import ComposeFile, Port, ServiceSpec
from lab.errors import InvalidFile, UsageError
from lab.runtime import process
from lab.runtime.account import Account
from lab.runtime.database_address import DATABASE_SERVICE, DatabaseAddress, Login
from lab.runtime.launch import GRACE, OUT_OF_MEMORY, STOPPED, Exit, Launch, Record, read_record
from lab.runtime.process import Readiness
from lab.runtime.walls import GUEST, service_behind
from lab.sandbox.level import Means
from lab.shell import argv_of

START_TIMEOUT = 20.0
"""Seconds that a service has to answer its health check."""

EXIT_TIMEOUT, EXIT_POLL = 20.0, 0.02
"""Seconds that a guard has to record the exit of its service, and between two looks at the record."""

HIGHEST_PORT = 65535
UNGUARDED = "its guard was killed, so its memory is unlimited: lab up"
LEFT_BEHIND = "its lab run was killed, so it has no terminal and no memory limit: lab up"


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """The current state of one service: `state` is healthy, unhealthy, exited or stopped.

    Memory is in bytes. A local process has a `log`, and a `pid` while it runs; a container has `container`
    instead. `reason` says why a service ended, or what is wrong with a running one. `outdated`: it runs other
    code than the files have now. `foreground` is the pid of the `lab run` that has it, if there is one.
    """

    name: str
    state: str
    port: int
    log: Path | None = None
    pid: int | None = None
    memory: int | None = None
    memory_limit: int | None = None
    exit_code: int | None = None
    reason: str | None = None
    peak: int | None = None
    container: str | None = None
    outdated: bool = False
    foreground: int | None = None

    @property
    def crashed(self) -> bool:
        return self.state == "exited"

    @property
    def out_of_memory(self) -> bool:
        return self.reason == OUT_OF_MEMORY


@dataclass(frozen=True, slots=True)
class Instance:
    """One process of a service, on a port of its own. Two replicas of a service are two instances."""

    name: str
    service: ServiceSpec
    port: int


@dataclass(frozen=True, slots=True)
class Stack:
    """The services of the code in `folder`, on one database. `records` and `logs` are folders."""

    folder: Path
    instances: tuple[Instance, ...]
    account: Account
    database: str
    records: Path
    logs: Path
    code_of: Callable[[str], str] = lambda service: ""
    """The hash of the code that a service would run now."""

    grace: float = GRACE
    """Seconds that a service has for a clean stop."""

    logins: Callable[[], frozenset[Login]] = frozenset
    """The logins of the shipped compose file. Where lab made the roles, they have other passwords."""

    means: Means | None = None
    """How the walls around the services are made; None for no walls."""

    def names(self, chosen: Iterable[str] = ()) -> tuple[str, ...]:
        """Return the names of the chosen instances in the order of `instances`; of all if none is chosen."""
        wanted = set(chosen)
        return tuple(i.name for i in self.instances if not wanted or i.name in wanted)

    def start(self, chosen: Iterable[str] = ()) -> None:
        """Start the services that don't run. Restart those whose launch has changed or whose guard has ended.

        If a record is damaged, all services are restarted.

        Raises:
            EnvironmentFault: one cannot be stopped or started (PortTaken: its port is used). Others may run.
        """
        if self.stop_if_damaged():
            chosen = ()
        wanted = [self.launch(name) for name in self.names(chosen)]
        outdated = [launch for launch in wanted if not self._runs(launch)]
        if outdated:
            process.end_unrecorded(self.records)  # one may hold a port, or overwrite the record later
        for launch in outdated:  # stop all first: one may get the port that another had
            process.stop(self.records, launch.name)
        process.start_all(outdated, self.records)

    def stop_if_damaged(self) -> bool:
        """If a service's record is damaged, stop all: they are found without it. Return whether one was."""
        damaged = any(process.has_damaged_record(self.records, name) for name in self.names())
        if damaged:
            process.stop_all(self.records)
        return damaged

    def outdated(self) -> tuple[str, ...]:
        """Return the services whose last start was of other code or settings. One never started is not."""
        return tuple(name for name in self.names() if self._is_outdated(name))

    def _is_outdated(self, name: str) -> bool:
        record = read_record(self.records, name)
        if record is None:
            return False
        # `lab down` deletes the records: one that was stopped was stopped for a restart.
        was_stopped = record.exit is not None and record.exit.reason == STOPPED
        return was_stopped or not self.starts_the_same(record.launch, self.launch(name))

    def starts_the_same(self, one: Launch, other: Launch) -> bool:
        """Return whether both start a service from the same code with the same settings.

        PATH is the caller's and no setting, unless the compose file has one.
        """
        (instance,) = (instance for instance in self.instances if instance.name == other.name)
        if "PATH" not in instance.service.environment:
            one = replace(one, environment={**one.environment, "PATH": ""})
            other = replace(other, environment={**other.environment, "PATH": ""})
        return one == other

    def _runs(self, launch: Launch) -> bool:
        record = read_record(self.records, launch.name)
        if record is None or not self.starts_the_same(record.launch, launch):
            return False
        return record.child.process() is not None and record.guard.process() is not None

    def stop(self, chosen: Iterable[str] = ()) -> tuple[str, ...]:
        """Stop the services that run, the last one first, and return their names in that order.

        Raises EnvironmentFault if one still runs. Those before it are not stopped then.
        """
        return tuple(n for n in reversed(self.names(chosen)) if process.stop(self.records, n))

    def wait(self, chosen: Iterable[str] = (), timeout: float = START_TIMEOUT) -> dict[str, Readiness]:
        """Wait until each service answers its health check, has ended, or `timeout` seconds have passed.

        The services are waited for in turn, so the seconds of several late ones add up.
        """
        return {
            name: process.wait_until_ready(self.records, name, process.answers_health, timeout)
            for name in self.names(chosen)
        }

    def status(self) -> tuple[ServiceStatus, ...]:
        return tuple(self._status(instance) for instance in self.instances)

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def _status(self, instance: Instance) -> ServiceStatus:
        name, log = instance.name, self.log(instance.name)
        record = read_record(self.records, name)
        if record is None:
            limit = instance.service.memory_limit
            return ServiceStatus(name, "stopped", instance.port, log, memory_limit=limit)
        status = ServiceStatus(name, "exited", instance.port, log, memory_limit=record.launch.memory_limit)
        if record.in_foreground:  # its output is in a terminal
            status = replace(status, log=None, foreground=record.guard.pid)
        running, port = record.child.process(), record.launch.port
        if running is not None:
            with suppress(psutil.Error):  # raised if the process has just ended
                if record.launch.means is not None:
                    running = service_behind(running) or running
                memory = running.memory_info().rss
                state = "healthy" if process.answers_health(port) else "unhealthy"
                unguarded = LEFT_BEHIND if record.foreground else UNGUARDED
                reason = None if record.guard.process() else unguarded
                code = record.launch.code
                return replace(
                    status,
                    state=state,
                    port=port,
                    pid=running.pid,
                    memory=memory,
                    reason=reason,
                    outdated=bool(code) and code != self.code_of(instance.service.name),
                )
        ended = self._exit_of(record)
        if ended is None:
            who = "lab run" if record.foreground else "guard"
            return replace(status, reason=f"its {who} was killed, so how it ended is unknown")
        state = "stopped" if ended.reason == STOPPED else "exited"
        return replace(status, state=state, exit_code=ended.code, reason=ended.reason, peak=ended.peak)

    def _exit_of(self, record: Record) -> Exit | None:
        """Return how a service ended, which its guard records soon after; None if that was killed."""
        deadline = time.monotonic() + EXIT_TIMEOUT
        while record.exit is None and record.guard.process() and time.monotonic() < deadline:
            time.sleep(EXIT_POLL)
            record = read_record(self.records, record.launch.name) or record
        return (read_record(self.records, record.launch.name) or record).exit

    def launch(self, name: str) -> Launch:
        """Return how the instance of that name, which must be one of `instances`, is started."""
        instance = next(one for one in self.instances if one.name == name)
        spec = instance.service
        return Launch(
            name=instance.name,
            argv=tuple(argv_of(spec.command)),
            folder=str(self.folder),
            environment=self._environment(instance),
            log=str(self.log(instance.name)),
            port=instance.port,
            memory_limit=spec.memory_limit,
            code=self.code_of(spec.name),
            grace=self.grace,
            means=self.means,
        )

    def _environment(self, instance: Instance) -> dict[str, str]:
        """Return the compose file's variables and those that a process needs; only PATH is the caller's."""
        port = instance.service.port
        inside = port.container if port else instance.port
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
        network = {"names": self._compose_addresses(), "own": [inside, instance.port]}
        address = DatabaseAddress(self.account, self.database, self.logins)
        environment = {
            "PATH": path,
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            # Bytecode is matched by time and size: a file patched twice within a second could run stale code.
            "PYTHONDONTWRITEBYTECODE": "1",
            **{name: address.reachable(text) for name, text in instance.service.environment.items()},
            "PYTHONPATH": str(GUEST),
            "LAB_NETWORK": json.dumps(network),
            "HOST": "127.0.0.1",
        }
        if environment.get("PORT", str(inside)) == str(inside):
            environment["PORT"] = str(instance.port)
        return environment

    def _compose_addresses(self) -> Mapping[str, int]:
        """Return the port on this machine for each "service:port" of the compose network."""
        names = {f"{DATABASE_SERVICE}:5432": self.account.port}
        for instance in self.instances:
            if instance.service.port:
                names.setdefault(f"{instance.service.name}:{instance.service.port.container}", instance.port)
        return names


def instances_of(compose: ComposeFile, offset: int = 0) -> tuple[Instance, ...]:
    """Return one instance of each service with a health check, except the database.

    Its port is the first published one plus `offset`.

    Raises:
        InvalidFile: one of them publishes no port, or has no command.
        UsageError: a port would be above 65535.
    """
    lasting = [s for s in compose.services.values() if s.has_health_check and s.name != DATABASE_SERVICE]
    hidden = [f"services.{s.name}.ports: its port is not published" for s in lasting if s.port is None]
    hidden += [
        f"services.{s.name}.command: missing; lab does not know the image's own"
        for s in lasting
        if not s.command
    ]
    if hidden:
        raise InvalidFile(compose.path, hidden, "Correct it, or restore the file: lab reset --code")
    return tuple(Instance(s.name, s, shifted(s.port, offset)) for s in lasting if s.port is not None)


def shifted(port: Port, offset: int) -> int:
    """Return the published port plus `offset`. Raises UsageError: the result is above 65535."""
    if port.host + offset > HIGHEST_PORT:
        message = f"Port {port.host} moved by {offset} is above {HIGHEST_PORT}."
        raise UsageError(message, "Choose a smaller --port-offset.")
    return port.host + offset
