"""The shadow's services: processes on free ports, with the environment and limits of the compose file."""

import errno
import os
import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache, partial
from urllib.parse import unquote, urlsplit

from lab.errors import EnvironmentFault, PortTaken
from lab.probing.bench import Health, Service
from lab.runtime import process
from lab.runtime.launch import NOT_WALLED, read_record
from lab.runtime.log_files import tail
from lab.runtime.process import Readiness
from lab.runtime.stack import Instance, Stack
from lab.sandbox import Means
from lab.shadow.code import Code
from lab.shadow.leftovers import Reservation
from lab.shadow.server import ShadowServer

START_TIMEOUT = 30.0
"""Seconds that services started together have to answer GET /health. Each has at least half a second."""

EXIT_TIMEOUT = 20.0
"""Seconds that a guard has to record how its service ended."""

ATTEMPTS = 3
"""Attempts to start services: where ports cannot be held, another process may have one for a moment."""

TAKEN = re.compile(f"{os.strerror(errno.EADDRINUSE)}|EADDRINUSE", re.I)
"""How the last line of a log says that a server could not listen on its port."""


@dataclass(frozen=True, slots=True)
class Services:
    """Starts services of the copied code on the shadow's database.

    `names` holds the service of each instance, and `ports` its port, by its name.
    `start_timeout` is in seconds, as START_TIMEOUT is.
    """

    code: Code
    server: ShadowServer
    reserved: Reservation
    names: Mapping[str, str]
    ports: Mapping[str, int]
    means: Means
    start_timeout: float = START_TIMEOUT

    def start(self, *names: str) -> tuple[Service, ...]:
        """Start the instances together, and return them in order, at once: `wait` waits for one.

        Raises:
            EnvironmentFault: a process cannot be started, or its port is taken at every attempt.
        """
        return self._start([self._instance(name) for name in names])

    def launch(
        self,
        service: str,
        purpose: str,
        *,
        environment: Mapping[str, str] | None = None,
        memory_limit: int | None = None,
    ) -> Service:
        """Start one more instance, `<service>-<purpose>`, on a free port, and wait for it.

        `environment` is added to the compose file's. `memory_limit`, in bytes, replaces the compose file's.
        Raises UsageError if there is no such service.
        """
        spec = self.code.service(service)
        merged = {**spec.environment, **(environment or {})}
        spec = replace(spec, environment=merged, memory_limit=memory_limit or spec.memory_limit)
        name = f"{service}-{purpose}"
        (started,) = self._start([Instance(name, spec, self.reserved.ports.take(1)[0])])
        started.wait()
        return started

    def _instance(self, name: str) -> Instance:
        return Instance(name, self.code.service(self.names[name]), self.ports[name])

    def _start(self, instances: list[Instance]) -> tuple[Service, ...]:
        names = {instance.name for instance in instances}
        others = [self._instance(name) for name in self.ports if name not in names]
        # The name of a service resolves to its first instance.
        ordered = tuple(sorted([*others, *instances], key=lambda one: one.name != one.service.name))
        root, reserved = self.code.workspace.root, self.reserved
        records, logs = reserved.service_records, reserved.logs
        # No client waits for a reply when the probe stops a service.
        stack = Stack(
            root,
            ordered,
            self.server.account,
            self.server.database,
            records,
            logs,
            grace=0,
            logins=lambda: self.code.logins,
            means=self.means,
        )
        if instances:  # to start none would mean all
            _start(stack, [one.name for one in instances])
        deadline = time.monotonic() + self.start_timeout
        return tuple(
            self._described(one, cache(partial(self._problem, stack, one, deadline))) for one in instances
        )

    def not_started(self, name: str) -> Service:
        """Return an instance that is not started. Its environment and role can be read."""
        return self._described(self._instance(name), lambda: "was not started")

    def _problem(self, stack: Stack, instance: Instance, deadline: float) -> str:
        """Wait until the instance is ready, has ended or is late. Return why it is not ready."""
        name = instance.name
        readiness = _wait(stack, name, deadline)
        if readiness is Readiness.EXITED:
            ended = self.health(name)
            if TAKEN.search(ended.last_line) and self.reserved.ports.release(instance.port):
                # Its server does not set SO_REUSEADDR, so it needs the port for itself.
                _start(stack, [name])
                readiness = _wait(stack, name, time.monotonic() + self.start_timeout)
                ended = self.health(name)
        if readiness is Readiness.EXITED:
            return str(ended)
        if readiness is Readiness.LATE:
            return f"did not answer GET /health with 200 within {self.start_timeout:g} s"
        return ""

    def _described(self, instance: Instance, wait: Callable[[], str]) -> Service:
        name, url = instance.name, f"http://127.0.0.1:{instance.port}"
        health, stop = partial(self.health, name), partial(self.stop, name)
        return Service(name, url, _role(instance), instance.service.environment, health, stop, wait)

    def health(self, name: str) -> Health:
        """Return the process's state. If it has ended, wait up to EXIT_TIMEOUT for the record of its exit."""
        deadline = time.monotonic() + EXIT_TIMEOUT
        while (record := read_record(self.reserved.service_records, name)) is not None:
            if record.child.process() is not None:
                return Health(alive=True)
            if record.exit is not None or time.monotonic() > deadline:
                break
            time.sleep(0.01)
        if record is None:
            return Health(alive=False, reason="was never started")
        lines = [line for line in tail(self.reserved.logs / f"{name}.log") if line.strip()]
        last_line = lines[-1].strip()[:300] if lines else ""
        if (ended := record.exit) is None:
            return Health(alive=False, reason="its guard was killed", last_line=last_line)
        if ended.reason == NOT_WALLED:
            problem = f"The wall around {name} could not be made: {last_line}"
            raise EnvironmentFault(problem, "What this machine can do: lab doctor")
        return Health(False, ended.code, ended.reason, peak=ended.peak, last_line=last_line)

    def stop(self, name: str) -> Health:
        """Stop the instance and return how it ended. Raises EnvironmentFault if it still runs."""
        process.stop(self.reserved.service_records, name)
        return self.health(name)


def _start(stack: Stack, names: list[str]) -> None:
    """Start the services. If a port is taken, try again, ATTEMPTS times in all."""
    for _ in range(ATTEMPTS - 1):
        with suppress(PortTaken):
            stack.start(names)
            return
        time.sleep(0.2)
    stack.start(names)


def _wait(stack: Stack, name: str, deadline: float) -> Readiness:
    return stack.wait([name], max(0.5, deadline - time.monotonic()))[name]


def _role(instance: Instance) -> str:
    url = instance.service.environment.get("DATABASE_URL", "")
    return unquote(urlsplit(url).username or "") or instance.service.name.replace("-", "_")
