"""An empty database at the shipped head, and its contents for comparisons."""

import io
from contextlib import closing

import pytest

from lab.database import connect
from seed import workflows
from tests.conftest import Database

NAMES = [*(table.name for table in workflows.tables()), "execution_logs"]


@pytest.fixture
def empty(database: Database) -> Database:
    return emptied(database)


def emptied(database: Database) -> Database:
    ask(database, f"TRUNCATE {', '.join(NAMES)} RESTART IDENTITY")
    return database


def ask(database: Database, sql: str, *values: object) -> list[tuple[object, ...]]:
    """Run a statement and return its rows, if it has any."""
    with closing(connect(database.url)) as connection, connection.cursor() as cursor:
        cursor.execute(sql, values or None)
        return cursor.fetchall() if cursor.description else []


def count(database: Database, table: str) -> object:
    return ask(database, f"SELECT count(*) FROM {table}")[0][0]


def contents(database: Database) -> dict[str, str]:
    """Return each table's rows as COPY writes them, in their order on disk."""
    found = {}
    with closing(connect(database.url)) as connection, connection.cursor() as cursor:
        for name in NAMES:
            written = io.StringIO()
            cursor.copy_expert(f"COPY {name} TO STDOUT", written)
            found[name] = written.getvalue()
    return found


def silent(done: int, total: int) -> None:
    """Ignore the progress."""
