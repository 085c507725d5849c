"""An empty database at the buggy head, and every row of one to compare."""

import io
from contextlib import closing

import pytest

from lab.database import connect
from seed import workflows
from tests.conftest import Database

NAMES = [*(table.name for table in workflows.tables()), "execution_logs"]


@pytest.fixture
def empty(database: Database) -> Database:
    ask(database, f"TRUNCATE {', '.join(NAMES)} RESTART IDENTITY")
    return database


def ask(database: Database, sql: str, *values: object) -> list[tuple[object, ...]]:
    """The rows that a statement answers with, if it is one that answers."""
    with closing(connect(database.url)) as connection, connection.cursor() as cursor:
        cursor.execute(sql, values or None)
        return cursor.fetchall() if cursor.description else []


def count(database: Database, table: str) -> object:
    return ask(database, f"SELECT count(*) FROM {table}")[0][0]


def contents(database: Database) -> dict[str, str]:
    """Every table's rows as COPY writes them, in the order in which they lie in the table."""
    found = {}
    with closing(connect(database.url)) as connection, connection.cursor() as cursor:
        for name in NAMES:
            written = io.StringIO()
            cursor.copy_expert(f"COPY {name} TO STDOUT", written)
            found[name] = written.getvalue()
    return found


def silent(done: int, total: int) -> None:
    """Progress that nobody watches."""
