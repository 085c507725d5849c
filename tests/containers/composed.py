"""Drive the lab's compose file with the tool that the machine has, and look at its containers."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from lab.shell import Finished, run
from tests.containers.engine import Engine

DEADLINE = 120.0
BUILDING = 600.0


@dataclass(frozen=True)
class Composed:
    """One project of the compose file; `ports` are the host's, by service."""

    engine: Engine
    workspace: Path
    ports: Mapping[str, int]
    project: str = field(default_factory=lambda: f"lab-test-{uuid4().hex[:8]}")

    def url(self, service: str) -> str:
        return f"http://127.0.0.1:{self.ports[service]}"

    def do(self, *arguments: str) -> Finished:
        """Run compose, and insist on its success."""
        chosen = {
            "LAB_DB_PORT": str(self.ports["db"]),
            "LAB_DEVICE_PORT": str(self.ports["device-service"]),
            "LAB_WORKFLOW_PORT": str(self.ports["workflow-service"]),
        }
        argv = [
            *compose(),
            "--project-name",
            self.project,
            "--file",
            "compose/docker-compose.yml",
            *arguments,
        ]
        done = run(argv, cwd=self.workspace, env={**self.engine.environment, **chosen}, timeout=BUILDING)
        assert done.code == 0, f"{' '.join(argv)}: {done.stderr.decode()}"
        return done

    def docker(self, *arguments: str) -> Finished:
        done = run(["docker", *arguments], env=self.engine.environment, timeout=DEADLINE)
        assert done.code == 0, f"docker {' '.join(arguments)}: {done.stderr.decode()}"
        return done

    def container(self, service: str) -> dict[str, Any]:
        """What `docker inspect` says of the service's container."""
        id = self.do("ps", "--quiet", "--all", service).stdout.decode().strip()
        found: dict[str, Any] = json.loads(self.docker("inspect", id).stdout)[0]
        return found

    def state(self, service: str) -> dict[str, Any]:
        return dict(self.container(service)["State"])

    def wait(self, service: str, until: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first state of the service's container that `until` is content with."""
        deadline = time.monotonic() + DEADLINE
        while not until(state := self.state(service)):
            assert time.monotonic() < deadline, f"{service} is still {state}"
            time.sleep(0.2)
        return state

    def wait_until_healthy(self, service: str) -> None:
        self.wait(service, lambda state: state["Health"]["Status"] == "healthy")

    def ask(self, sql: str) -> str:
        argv = ["psql", "--username=lab", "--dbname=lab", "--no-align", "--tuples-only", "--command", sql]
        return self.do("exec", "-T", "db", *argv).stdout.decode().strip()


def compose() -> list[str]:
    """`docker compose` where the plugin is there, else docker-compose."""
    if run(["docker", "compose", "version"]).code == 0:
        return ["docker", "compose"]
    return ["docker-compose"]
