"""A scratch workspace for lab, and a bare PostgreSQL server with the same settings."""

import os
import random
import shutil
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lab import compose
from lab.database import connect
from lab.operations.prepared import CACHE_VARIABLE, cache_folder
from lab.runtime.account import Account
from lab.runtime.binaries import find_binaries
from lab.runtime.database_service import server_settings
from lab.runtime.postgres import EmbeddedPostgres
from lab.shell import run
from lab.workspace import Workspace
from tests.conftest import PROJECT
from tests.ports import free_port

SHIPPED = ("app", "compose", "fixes", "migrations", "seed", "alembic.ini")


@contextmanager
def scratch_workspace() -> Iterator[tuple[Workspace, int]]:
    """A copy of the shipped code with an empty cache, and a port offset. At the end the lab is destroyed."""
    with TemporaryDirectory(prefix="lab-bench-") as folder, TemporaryDirectory(prefix="lab-cache-") as cache:
        os.environ[CACHE_VARIABLE] = cache
        for name in SHIPPED:
            source = PROJECT / name
            if source.is_dir():
                shutil.copytree(source, Path(folder) / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, folder)
        workspace = Workspace(Path(folder).resolve())
        try:
            yield workspace, random.randrange(2000, 26_000)
        finally:
            lab(workspace, "down", "--destroy")


def empty_cache() -> None:
    """Delete the prepared servers of the benchmark's cache."""
    for path in cache_folder().iterdir():
        if path.is_dir():
            shutil.rmtree(path)


def lab(workspace: Workspace, *words: str, code: int = 0) -> None:
    """Run the command in a process. If it exits with another code, end the benchmark with its error."""
    finished = run([sys.executable, "-m", "lab", "-C", workspace.root, *words], timeout=300)
    if finished.code != code:
        raise SystemExit(f"lab {' '.join(words)} failed: {finished.stderr.decode()}")


@contextmanager
def bare_server() -> Iterator[EmbeddedPostgres]:
    """A server that is not started yet, with the settings of the lab's server. It is stopped at the end."""
    binaries = find_binaries()
    spec = compose.read(PROJECT / "compose" / "docker-compose.yml")
    with TemporaryDirectory(prefix="lab-bench-") as folder:
        account = Account(free_port(), "lab", "lab")
        settings = server_settings(spec, binaries.major)
        server = EmbeddedPostgres(binaries, Path(folder), Path(folder) / "log", account, settings)
        try:
            yield server
        finally:
            server.stop()


def execute(url: str, *statements: tuple[str, dict[str, Any] | None]) -> None:
    """Run the statements in one transaction."""
    with closing(connect(url)) as connection:
        connection.autocommit = False
        with connection, connection.cursor() as cursor:
            for statement, parameters in statements:
                cursor.execute(statement, parameters)
