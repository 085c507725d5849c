"""What a probe receives: the services under test, their database, and a way to start one more service.

Probes do not know how services are run. They only call the functions in `Service` and `Endpoints`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from lab.probes.evidence import Evidence

DEVICE_SERVICE = "device-service"
WORKFLOW_SERVICE = "workflow-service"


class ServiceFailed(Exception):
    """A service does not run or does not respond, so the probe cannot go on. The message says what happened.

    `blocked_by` is the number of the other bug that prevents the service from running, if there is one.
    """

    def __init__(self, problem: str, blocked_by: int | None = None) -> None:
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
    `problem` says why the instance did not answer GET /health with 200 after its start; empty if it did.
    """

    name: str
    url: str
    role: str
    environment: Mapping[str, str]
    health: Callable[[], Health]
    stop: Callable[[], Health]
    problem: str = ""


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
class Endpoints:
    """A lab to measure. A service that no measured bug needs is not started: its `problem` says so.

    devices: the replicas of device-service.
    workflows: workflow-service, started with the compose file's environment, so bug 1 can prevent its start.
    database: the URL of the database, for its owner.
    launch: starts one more instance.
    memory_limit: the limit that bug 6 is measured with, in bytes.
    full: measure to the end, even where the verdict is certain earlier.
    raw: the probe adds what it measured; it is stored as JSON beside the evidence.
    launched: instances that one probe started and other probes use too, by purpose.
    """

    devices: tuple[Service, ...]
    workflows: Service
    database: str
    launch: Launcher
    memory_limit: int
    full: bool = False
    raw: dict[str, Any] = field(default_factory=dict)
    launched: dict[str, Service] = field(default_factory=dict)


class Probe(Protocol):
    """Measures one bug. The module of each bug has one, called `probe`. It leaves rows in the database.

    Raises:
        ServiceFailed: a service that it needs does not run or does not respond.
        EnvironmentFault, psycopg2.Error: the measurement could not be made.
    """

    def __call__(self, endpoints: Endpoints) -> Evidence: ...


def require_running(*services: Service) -> None:
    """Raises ServiceFailed: one of the services was not ready after its start."""
    for service in services:
        if service.problem:
            raise ServiceFailed(f"{service.name} {service.problem}")
