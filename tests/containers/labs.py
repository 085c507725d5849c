"""A workspace whose lab runs in containers, and what the engine holds of it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab.operations.down import down
from lab.operations.runtimes import runtime_of
from lab.operations.status import Status, status
from lab.operations.up import Up, up
from lab.runtime.docker import project_of
from lab.runtime.project import PROJECT_LABEL, Project
from lab.shell import run
from lab.workspace import Workspace
from tests.conftest import PROJECT
from tests.containers.engine import Engine

PARTS = ("alembic.ini", "app", "compose", "constraints.txt", ".dockerignore", "fixes", "migrations", "seed")


@dataclass(frozen=True)
class Lab:
    """One workspace, on ports of its own."""

    workspace: Workspace
    port_offset: int

    @property
    def root(self) -> Path:
        return self.workspace.root

    @property
    def project(self) -> Project:
        return project_of(self.workspace)

    def up(self, kind: str | None = "docker", rows: int | None = None) -> Up:
        return up(self.workspace, kind=kind, rows=rows, port_offset=self.port_offset)

    def now(self) -> Status:
        return status(self.workspace, runtime_of(self.workspace))

    def states(self) -> dict[str, str]:
        return {service.name: service.state for service in self.now().services}

    def url(self, service: str) -> str:
        return f"http://127.0.0.1:{runtime_of(self.workspace).ports[service]}"

    def ids(self) -> dict[str, str]:
        """The containers by service."""
        return {one.service: one.id for one in self.project.containers()}

    def held(self, *listing: str) -> list[str]:
        """What the engine holds of this project: `ps --all`, `network ls`, `volume ls`."""
        ours = f"label={PROJECT_LABEL}={self.project.name}"
        return self.project.docker(*listing, "--quiet", "--filter", ours).stdout.decode().split()

    def everything(self) -> list[str]:
        return [*self.held("ps", "--all"), *self.held("network", "ls"), *self.held("volume", "ls")]


@contextmanager
def lab_in(root: Path, port_offset: int, engine: Engine) -> Iterator[Lab]:
    """A workspace at `root`; nothing of it is left on the engine afterwards."""
    root.mkdir(parents=True)
    for name in PARTS:
        source = PROJECT / name
        if source.is_dir():
            shutil.copytree(source, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, root / name)
    made = Lab(Workspace(root.resolve()), port_offset)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in engine.environment.items():
            patch.setenv(name, value)
        try:
            yield made
        finally:
            down(made.workspace, destroy=True)
            images = run(["docker", "image", "ls", "--format", "{{.Repository}}"], env=dict(os.environ))
            for name in images.stdout.decode().split():
                if name.startswith(made.project.name):
                    run(["docker", "image", "rm", "--force", name])
            assert made.everything() == []
