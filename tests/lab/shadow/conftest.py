"""A workspace of the shipped code to make shadows of, and what its tests change in it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.probing.connection import Database, open_connection
from lab.runtime.prepared import Prepared
from tests.conftest import Server
from tests.measuring import Bench, copy_shipped

REVISION = """
from alembic import op
revision = "0003"
down_revision = "0002"


def upgrade():
    {up}


def downgrade():
    pass
"""


@pytest.fixture
def bench(small_server: Prepared, tmp_path: Path) -> Bench:
    return Bench(copy_shipped(tmp_path / "workspace"), tmp_path / "runs", small_server)


@pytest.fixture
def live(server: Server, template: str) -> Iterator[str]:
    """The URL of a candidate's database."""
    name = f"live_{os.getpid()}"
    yield server.create(name, template)
    server.drop(name)


def add_revision(bench: Bench, up: str) -> None:
    """Give the candidate a migration that runs the statement `up`."""
    (bench.root / "migrations" / "versions" / "0003_mine.py").write_text(REVISION.format(up=up))


def indexes(database: Database) -> set[str]:
    """Return the names of the indexes in the database."""
    with open_connection(database) as connection:
        found = connection.query("SELECT indexname FROM pg_indexes WHERE schemaname = 'public'")
        return {name for (name,) in found}
