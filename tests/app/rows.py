"""Run SQL in a test's database as its owner."""

from typing import Any

from lab.database import connect
from tests.conftest import Database


def rows(database: Database, statement: str, *arguments: Any) -> list[tuple[Any, ...]]:
    connection = connect(database.url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement, arguments or None)
            return cursor.fetchall()
    finally:
        connection.close()
