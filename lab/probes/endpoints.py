"""All that a probe is given: where the services answer, how they fare, and the database beneath them.

Probes know neither who runs the services nor how: what they need to ask of a process comes as a function.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from lab.probes.evidence import Evidence

DEVICE_SERVICE = "device-service"
WORKFLOW_SERVICE = "workflow-service"
DEVICE_URL = "DEVICE_SERVICE_URL"


@dataclass(frozen=True, slots=True)
class Health:
    """A service process as it fares: its exit code as a shell shows it, its memory in bytes."""

    alive: bool
    exit_code: int | None = None
    reason: str = ""
    memory: int = 0
    peak: int = 0
    last_line: str = ""

    @property
    def out_of_memory(self) -> bool:
        return self.reason == "out of memory"

    def __str__(self) -> str:
        if self.alive:
            return "runs"
        code = "" if self.exit_code is None else f" with exit code {self.exit_code}"
        said = f": {self.last_line}" if self.last_line else ""
        return f"ended{code} ({self.reason}){said}" if self.reason else f"ended{code}{said}"


@dataclass(frozen=True, slots=True)
class Service:
    """One instance of a service, and the compose environment that it was given.

    `role` is what it connects to the database as; `problem` says why it never answered /health, and is empty
    when it did.
    """

    name: str
    url: str
    role: str
    environment: Mapping[str, str]
    health: Callable[[], Health]
    stop: Callable[[], Health]
    problem: str = ""


class Launcher(Protocol):
    """Starts one more instance and waits until it answers, has ended, or is late."""

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
    """A lab to measure: `devices` are replicas of device-service; `database` is the owner's URL.

    `workflows` was started from the compose environment alone, so bug 1 may have kept it from starting.
    `raw` is filled by the probe with whatever it measured, and is kept beside the evidence; `kept` holds
    instances that one probe started and another can use.
    """

    devices: tuple[Service, ...]
    workflows: Service
    database: str
    launch: Launcher
    memory_limit: int
    full: bool = False
    raw: dict[str, Any] = field(default_factory=dict)
    kept: dict[str, Service] = field(default_factory=dict)


class Probe(Protocol):
    """One bug's measurement."""

    def __call__(self, endpoints: Endpoints) -> Evidence: ...
