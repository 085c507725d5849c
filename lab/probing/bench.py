"""What a probe receives: the services under test, their database, and a way to start one more service.

Probes do not know how services are run. They only call the functions in `Service` and `Bench`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from lab.probing.connection import Database
from lab.probing.evidence import Evidence

PLAN = "plan"
"""The key in `Bench.raw` of an outline of a query plan. `lab demo` shows it before and after the fix."""

INTERLEAVING = "interleaving"
"""The key in `Bench.raw` of an `Outcome.interleaving`. `lab demo` draws it before and after the fix."""


class ServiceFailed(Exception):
    """A service does not run or does not respond, so the probe cannot go on. The message says what happened.

    `blocked_by` is the slug of the other bug that prevents the service from running, if there is one.
    """

    def __init__(self, problem: str, blocked_by: str | None = None) -> None:
        super().__init__(problem)
        self.blocked_by = blocked_by


@dataclass(frozen=True, slots=True)
class Health:
    """The state of a service process. The fields after `alive` are set once it has ended, if they are known.

    `exit_code` is 128 + the signal's number if a signal ended it. `reason` says how it ended. `peak` is the
    most memory that it used, in bytes. `last_line` is the last line of its log.
    """

    alive: bool
    exit_code: int | None = None
    reason: str = ""
    peak: int = 0
    last_line: str = ""

    @property
    def out_of_memory(self) -> bool:
        return self.reason == "out of memory"

    def __str__(self) -> str:
        if self.alive:
            return "runs"
        code = "" if self.exit_code is None else f" with exit code {self.exit_code}"
        reason = f" ({self.reason})" if self.reason else ""
        output = f": {self.last_line}" if self.last_line else ""
        return f"ended{code}{reason}{output}"


@dataclass(frozen=True, slots=True)
class Service:
    """One instance of a service.

    `role` is its database role. `environment` is that of the compose file, with the changes that the launcher
    was given. `health` returns the state of the process; `stop` ends the process and returns its last state.
    `wait` waits until the instance is ready, has ended or is late, and returns what `problem` is.
    """

    name: str
    url: str
    role: str
    environment: Mapping[str, str]
    health: Callable[[], Health]
    stop: Callable[[], Health]
    wait: Callable[[], str] = str

    @property
    def problem(self) -> str:
        """Why it did not answer GET /health with 200 after its start; empty if it did. Waits to know."""
        return self.wait()


class Launcher(Protocol):
    """Starts one more instance, `<service>-<purpose>`, and waits until it is ready, has ended or times out.

    `environment` adds or overrides variables of the compose file; `memory_limit`, in bytes, overrides its
    limit. The `problem` of an instance that is not ready says why.

    Raises:
        EnvironmentFault: the process could not be started at all.
    """

    def __call__(
        self,
        service: str,
        purpose: str,
        *,
        environment: Mapping[str, str] | None = None,
        memory_limit: int | None = None,
    ) -> Service: ...


@dataclass(frozen=True, slots=True)
class Bench:
    """A lab to measure.

    services: the instances of each service, by its name, some of which may still start. One that no measured
        bug needs is not started: its `problem` says so.
    database: the URLs of the database.
    launch: starts one more instance.
    memory_limits: the limit that a service is measured with, in bytes, by its name; none for the others.
    thorough: measure to the end, even where the verdict is certain earlier.
    raw: the probe adds what it measured; it is stored as JSON beside the evidence.
    launched: instances that one probe started and other probes use too, by purpose.
    """

    services: Mapping[str, tuple[Service, ...]]
    database: Database
    launch: Launcher
    memory_limits: Mapping[str, int] = field(default_factory=dict)
    thorough: bool = False
    raw: dict[str, Any] = field(default_factory=dict)
    launched: dict[str, Service] = field(default_factory=dict)

    def service(self, name: str) -> Service:
        """The first instance of this service, once it has started. Raises KeyError: it is not in lab.toml."""
        return self.replicas(name)[0]

    def replicas(self, name: str) -> tuple[Service, ...]:
        """All instances of this service, once they have started. Raises KeyError: it is not in lab.toml."""
        for service in self.services[name]:
            service.wait()
        return self.services[name]

    def environment(self, name: str) -> Mapping[str, str]:
        """What the compose file gives this service; known at once. Raises KeyError: it is not in lab.toml."""
        return self.services[name][0].environment


class Probe(Protocol):
    """Measures one bug: the function `probe` of the module in `probes/` that has the fix's slug.

    It may leave rows in the database.

    Raises:
        ServiceFailed: a service that it needs does not run or does not respond.
        EnvironmentFault, psycopg2.Error: the measurement could not be made.
    """

    def __call__(self, bench: Bench) -> Evidence: ...


def require_running(*services: Service) -> None:
    """Raises ServiceFailed: one of the services was not ready after its start."""
    for service in services:
        if service.problem:
            raise ServiceFailed(f"{service.name} {service.problem}")
