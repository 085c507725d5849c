"""A connection to the database of a measurement, with which probes add rows and later read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from psycopg2 import sql

from lab.database import connect

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection
    from psycopg2.sql import Composable

APPLICATION = "lab probe"


@dataclass(frozen=True, slots=True)
class ProbeConnection:
    """An autocommit connection as the database's owner. A statement that fails raises psycopg2.Error."""

    connection: Connection

    def query(self, query: str | Composable, *values: Any, **named: Any) -> list[tuple[Any, ...]]:
        """Execute SQL with values for %s or %(name)s. Return the last statement's rows, if it has any."""
        with self.connection.cursor() as cursor:
            cursor.execute(query, values or named or None)
            return cursor.fetchall() if cursor.description else []

    def value(self, query: str, *values: Any) -> Any:
        """The first column of the query's first row. Raises IndexError: there is no row."""
        return self.query(query, *values)[0][0]


def parse_timestamp(text: Any) -> datetime | None:
    """A naive datetime in UTC from an ISO 8601 text; None if it is none. UTC is the default zone."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found


@contextmanager
def role_settings(connection: ProbeConnection, role: str, settings: Mapping[str, str]) -> Iterator[None]:
    """Give these settings to connections that `role` opens to this database within the block."""
    database = connection.value("SELECT current_database()")
    alter = sql.SQL("ALTER ROLE {} IN DATABASE {} ").format(sql.Identifier(role), sql.Identifier(database))
    for name, value in settings.items():
        connection.query(alter + sql.SQL("SET {} = {}").format(sql.SQL(name), sql.Literal(value)))
    try:
        yield
    finally:
        connection.query(alter + sql.SQL("RESET ALL"))


@contextmanager
def open_connection(url: str) -> Iterator[ProbeConnection]:
    """Connect for the length of the block. Raises DatabaseUnreachable: the database does not answer."""
    with closing(connect(url, application=APPLICATION)) as connection:
        yield ProbeConnection(connection)
