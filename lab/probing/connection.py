"""A connection to the database of a measurement, with which probes add rows and later read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from psycopg2 import sql

from lab.database import connect
from lab.database_url import DatabaseUrl

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection
    from psycopg2.sql import Composable

SEARCH_PATH = "SET search_path = public, pg_temp"
"""Before each query: a trigger of the candidate's runs in the session that adds a row, and may change it."""


@dataclass(frozen=True, slots=True)
class Database:
    """The URLs of a measurement's database.

    `url` connects to it with a role that has the owner's rights, and no more: code that the candidate left in
    it runs with the rights of the session that touches it. `observer` is a superuser's, in a database that
    holds nothing of the candidate's.
    """

    url: str
    observer: str

    @property
    def name(self) -> str:
        return DatabaseUrl.parse(self.url).database

    @property
    def role(self) -> str:
        """The role of the connections that probes open."""
        return DatabaseUrl.parse(self.url).user


@dataclass(frozen=True, slots=True)
class ProbeConnection:
    """Two autocommit connections: one to the database, and the observer's.

    A statement that fails raises psycopg2.Error.
    """

    connection: Connection
    observer: Connection
    database: Database

    def query(self, query: str | Composable, *values: Any, **named: Any) -> list[tuple[Any, ...]]:
        """Execute SQL with values for %s or %(name)s. Return the last statement's rows, if it has any."""
        with self.connection.cursor() as cursor:
            cursor.execute(SEARCH_PATH)
        return _execute(self.connection, query, values or named)

    def observe(self, query: str | Composable, *values: Any) -> list[tuple[Any, ...]]:
        """Execute SQL on the server's own state, as `query` does. No table of the database is seen."""
        return _execute(self.observer, query, values)

    def value(self, query: str, *values: Any) -> Any:
        """The first column of the query's first row. Raises IndexError: there is no row."""
        return self.query(query, *values)[0][0]


def _execute(connection: Connection, query: str | Composable, values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, values or None)
        return cursor.fetchall() if cursor.description else []


def parse_timestamp(text: Any) -> datetime | None:
    """A naive datetime in UTC from an ISO 8601 text; None if it is none. UTC is the default zone."""
    try:
        found = datetime.fromisoformat(str(text))
        return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found
    except (ValueError, OverflowError):  # the latter from a zone that leads out of the years 1 to 9999
        return None


@contextmanager
def role_settings(connection: ProbeConnection, role: str, settings: Mapping[str, str]) -> Iterator[None]:
    """Give these settings to connections that `role` opens to this database within the block."""
    database = connection.database.name
    alter = sql.SQL("ALTER ROLE {} IN DATABASE {} ").format(sql.Identifier(role), sql.Identifier(database))
    for name, value in settings.items():
        connection.observe(alter + sql.SQL("SET {} = {}").format(sql.SQL(name), sql.Literal(value)))
    try:
        yield
    finally:
        connection.observe(alter + sql.SQL("RESET ALL"))


@contextmanager
def open_connection(database: Database) -> Iterator[ProbeConnection]:
    """Connect for the length of the block. Raises DatabaseUnreachable: the database does not answer."""
    with closing(connect(database.url)) as connection, closing(connect(database.observer)) as observer:
        yield ProbeConnection(connection, observer, database)
