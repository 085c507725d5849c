"""The shadow's services, on free ports, under the compose file's environment and limits."""

import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psutil

from lab.errors import EnvironmentFault, PortTaken
from lab.probes.endpoints import DEVICE_SERVICE, WORKFLOW_SERVICE, Health, Service
from lab.runtime import process
from lab.runtime.account import Account
from lab.runtime.launch import read_record
from lab.runtime.log_files import tail
from lab.runtime.process import Readiness
from lab.runtime.stack import Instance, Stack
from lab.shadow.code import Code

START_DEADLINE = 30.0
EXIT_PATIENCE = 5.0
TRIES = 3


@dataclass(frozen=True, slots=True)
class Services:
    """Starts instances of the copied code, over the shadow's database."""

    code: Code
    account: Account
    database: str
    records: Path
    logs: Path
    ports: Mapping[str, int]

    def start(self, *names: str) -> tuple[Service, ...]:
        """Start these together and wait for each; what does not come up says why.

        Raises:
            EnvironmentFault: a process cannot be started at all.
        """
        instances = [self._instance(name) for name in names]
        return self._start(instances)

    def launch(
        self,
        service: str,
        purpose: str,
        *,
        environment: Mapping[str, str] | None = None,
        memory_limit: int | None = None,
    ) -> Service:
        """Start one more instance, for a purpose that gives it its name."""
        spec = self.code.service(service)
        spec = replace(
            spec,
            environment={**spec.environment, **(environment or {})},
            memory_limit=memory_limit or spec.memory_limit,
        )
        return self._start([Instance(f"{service}-{purpose}", spec, free_ports(1)[0])])[0]

    def _instance(self, name: str) -> Instance:
        service = WORKFLOW_SERVICE if name.startswith(WORKFLOW_SERVICE) else DEVICE_SERVICE
        return Instance(name, self.code.service(service), self.ports[name])

    def _start(self, instances: list[Instance]) -> tuple[Service, ...]:
        base = [self._instance(name) for name in self.ports]
        names = {instance.name for instance in instances}
        everyone = (*(one for one in base if one.name not in names), *instances)
        # The compose network knows the first instance of each service by that service's name.
        ordered = tuple(sorted(everyone, key=lambda one: one.name != one.service.name))
        stack = Stack(self.code.workspace.root, ordered, self.account, self.database, self.records, self.logs)
        for instance in instances:
            _start_one(stack, instance.name)
        until = time.monotonic() + START_DEADLINE
        return tuple(self._service(stack, instance, until) for instance in instances)

    def absent(self, name: str) -> Service:
        """An instance that nobody asked to start, for what it would be given."""
        return self._described(self._instance(name), "was not started")

    def _service(self, stack: Stack, instance: Instance, until: float) -> Service:
        deadline = max(0.5, until - time.monotonic())
        readiness = stack.wait([instance.name], deadline)[instance.name]
        problem = ""
        if readiness is Readiness.EXITED:
            problem = str(self.health(instance.name))
        elif readiness is Readiness.LATE:
            problem = f"did not answer GET /health with 200 within {START_DEADLINE:g} s"
        return self._described(instance, problem)

    def _described(self, instance: Instance, problem: str) -> Service:
        return Service(
            instance.name,
            f"http://127.0.0.1:{instance.port}",
            _role(instance),
            instance.service.environment,
            lambda: self.health(instance.name),
            lambda: self.stop(instance.name),
            problem,
        )

    def health(self, name: str) -> Health:
        """How the process fares; waits a moment for its guard to write down how it ended."""
        until = time.monotonic() + EXIT_PATIENCE
        while True:
            record = read_record(self.records, name)
            if record is None:
                return Health(alive=False, reason="was never started")
            running = record.child.process()
            if running is not None:
                return Health(alive=True, memory=_memory(running))
            if record.exit is not None or time.monotonic() > until:
                break
            time.sleep(0.01)
        lines = [line for line in tail(self.logs / f"{name}.log") if line.strip()]
        said = lines[-1].strip()[:300] if lines else ""
        ended = record.exit
        if ended is None:
            return Health(alive=False, reason="its guard was killed", last_line=said)
        return Health(False, ended.code, ended.reason, peak=ended.peak, last_line=said)

    def stop(self, name: str) -> Health:
        """Stop the instance; answers how it ended, with the most memory that it ever used."""
        process.stop(self.records, name)
        return self.health(name)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on; all are held until the last is found, so that they differ."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def _start_one(stack: Stack, name: str) -> None:
    for attempt in range(TRIES):
        try:
            stack.start([name])
            return
        except PortTaken:
            # Somebody took it since we looked.
            if attempt == TRIES - 1:
                raise
            time.sleep(0.2)
    raise EnvironmentFault(f"{name} was not started.")


def _role(instance: Instance) -> str:
    """The database role that the service's own DATABASE_URL names."""
    url = instance.service.environment.get("DATABASE_URL", "")
    return unquote(urlsplit(url).username or "") or instance.service.name.replace("-", "_")


def _memory(running: psutil.Process) -> int:
    try:
        return int(running.memory_info().rss)
    except psutil.Error:
        return 0
