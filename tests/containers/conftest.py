"""An engine, images to build on, and the lab in containers, in a workspace of its own.

Not part of the plain test run (see norecursedirs in pyproject.toml): pytest tests/containers
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.shell import run
from tests.conftest import PROJECT
from tests.containers.composed import Composed
from tests.containers.engine import Engine, engine, make_base_images
from tests.ports import free_port

PARTS = ("alembic.ini", "app", "compose", "constraints.txt", ".dockerignore", "migrations", "seed")
STAND_INS = ("python:3.12-slim", "postgres:18", "lab-stand-in-debian")


@pytest.fixture(scope="session")
def docker() -> Iterator[Engine]:
    """An engine that has the two base images, or what stands in for them."""
    try:
        with engine() as running:
            before = images(running)
            make_base_images(running)
            yield running
            if not running.ours:
                for name in sorted(images(running) - before):
                    run(["docker", "image", "rm", name], env=running.environment)
    except LabError as error:
        pytest.exit(str(error), returncode=4)


def images(running: Engine) -> set[str]:
    """The stand-ins that the engine has."""
    listed = run(["docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}"], env=running.environment)
    return {name for name in listed.stdout.decode().split() if name.removesuffix(":latest") in STAND_INS}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that the containers see, to be edited at will."""
    root = tmp_path_factory.mktemp("workspace")
    for name in PARTS:
        source = PROJECT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy2
        copy(source, root / name)
    return root


@pytest.fixture(scope="module")
def lab(docker: Engine, workspace: Path) -> Iterator[Composed]:
    """The lab as `docker compose up` alone brings it up."""
    composed = Composed(
        docker, workspace, {name: free_port() for name in ("db", "device-service", "workflow-service")}
    )
    try:
        composed.do("up", "--detach")
        yield composed
    finally:
        composed.do("down", "--volumes", "--rmi", "local")
