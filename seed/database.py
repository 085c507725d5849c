"""Seed an empty database in one transaction: if it is killed, the database has all of the rows or none.

The server generates the logs, so this process needs memory only for the few hundred rows of the small tables.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seed import logs, workflows
from seed.errors import AlreadyFilled, NotMigrated, SeedError, Unreachable, WrongRows

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection
    from psycopg2.extensions import cursor as Cursor

MOST_ROWS = 50_000_000

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Filled:
    """The number of rows added, and the time it took."""

    devices: int
    samples: int
    workflows: int
    logs: int
    seconds: float


def fill(url: str, *, rows: int, seed: int, progress: Progress) -> Filled:
    """Seed the migrated, empty database at `url` with `rows` execution logs.

    Calls `progress(done, rows)` after each batch of logs. If it raises, the database is unchanged.

    Raises:
        WrongRows: `rows` is not from 1 to MOST_ROWS.
        AlreadyFilled: a table has rows.
        NotMigrated: a table or a column is missing.
        Unreachable: the database cannot be reached, or the connection was lost.
        SeedError: the database rejected the rows.
    """
    if not 1 <= rows <= MOST_ROWS:
        raise WrongRows(f"A log of {rows} rows cannot be made: choose from 1 to {MOST_ROWS:,}.")
    tables = workflows.tables()
    names = [*(table.name for table in tables), "execution_logs"]
    started = time.perf_counter()
    with _connected(url) as connection:
        with connection, connection.cursor() as cursor:
            _claim(cursor, names)
            _without_key_checks(cursor)
            _fill_laboratory(cursor, tables)
            _fill_logs(cursor, rows, seed, progress)
            _advance_sequences(cursor, names)
        _settle(connection, names)
    counts = {table.name: len(table.rows) for table in tables}
    return Filled(
        devices=counts["devices"],
        samples=counts["samples"],
        workflows=counts["workflows"],
        logs=rows,
        seconds=time.perf_counter() - started,
    )


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    """Open a connection. In the block, psycopg2's errors become SeedErrors."""
    import psycopg2

    where = url.rpartition("@")[2].partition("?")[0]
    try:
        # libpq rejects SQLAlchemy's driver name in postgresql+psycopg2://.
        connection = psycopg2.connect(
            url.replace("+psycopg2", "", 1), application_name="seed", connect_timeout=5
        )
        with closing(connection):
            yield connection
    except (psycopg2.errors.UndefinedTable, psycopg2.errors.UndefinedColumn) as error:
        raise NotMigrated(
            f"The database at {where} is not migrated: {_reason(error)}. Run alembic upgrade head first."
        ) from error
    except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
        raise Unreachable(f"The database at {where} does not answer: {_reason(error)}.") from error
    except psycopg2.Error as error:
        raise SeedError(f"The database at {where} rejected the rows: {_reason(error)}.") from error


def _reason(error: Exception) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[0].strip().rstrip(".") if lines else type(error).__name__


def _claim(cursor: Cursor, names: list[str]) -> None:
    """Check that the tables are empty. The lock makes a concurrent seed wait here and then fail the check."""
    cursor.execute("LOCK TABLE devices IN SHARE ROW EXCLUSIVE MODE")
    for name in names:
        cursor.execute(f"SELECT EXISTS (SELECT FROM {name})")
        if cursor.fetchone() == (True,):
            raise AlreadyFilled(f"The database has rows already (in {name}). It was not changed.")
    # An interrupted run leaves free space in the table, which would change the order of the rows on disk.
    cursor.execute("SELECT pg_relation_size('execution_logs') > 0")
    if cursor.fetchone() == (True,):
        cursor.execute("TRUNCATE execution_logs")


def _without_key_checks(cursor: Cursor) -> None:
    """Disable the checks of foreign keys if the role is allowed to: they double the time."""
    cursor.execute("SELECT has_parameter_privilege('session_replication_role', 'SET')")
    if cursor.fetchone() == (True,):
        cursor.execute("SET LOCAL session_replication_role = replica")


def _fill_laboratory(cursor: Cursor, tables: tuple[workflows.Table, ...]) -> None:
    from psycopg2.extras import execute_values

    for table in tables:
        columns = ", ".join(table.columns)
        execute_values(cursor, f"INSERT INTO {table.name} ({columns}) VALUES %s", table.rows, page_size=500)


def _fill_logs(cursor: Cursor, rows: int, seed: int, progress: Progress) -> None:
    progress(0, rows)
    for batch in logs.batches(rows, seed):
        cursor.execute("SELECT setseed(%s)", (batch.randomness,))
        cursor.execute(logs.INSERT, batch.parameters)
        progress(batch.last, rows)


def _advance_sequences(cursor: Cursor, names: list[str]) -> None:
    """Set each table's sequence to its highest id: the seed sets the ids itself."""
    for name in names:
        cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", (name,))
        if cursor.fetchone() != (None,):
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), max(id)) FROM {name}")


def _settle(connection: Connection, names: list[str]) -> None:
    """Freeze the rows and collect statistics, so that neither the first queries nor autovacuum do it."""
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"VACUUM (FREEZE, ANALYZE) {', '.join(names)}")
