"""Fill an empty database: in one transaction, so that a kill at any moment leaves all of it or nothing.

The logs are made inside the server; this process never holds more than the laboratory's few hundred rows.
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
    """What was put into the database, and how long it took."""

    devices: int
    samples: int
    workflows: int
    logs: int
    seconds: float


def fill(url: str, *, rows: int, seed: int, progress: Progress) -> Filled:
    """Fill the migrated, empty database at `url`; `progress` hears (done, rows) after every batch of logs.

    Raises:
        WrongRows: no log of that many rows can be made.
        AlreadyFilled: there are rows already.
        NotMigrated: the tables are not as the migrations make them.
        Unreachable: the database does not answer, or went away.

    Whatever is raised, nothing was changed.
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
    """A connection, and one sentence for whatever goes wrong on it."""
    import psycopg2

    where = url.rpartition("@")[2].partition("?")[0]
    try:
        # libpq knows no driver names: postgresql+psycopg2:// is SQLAlchemy's.
        connection = psycopg2.connect(
            url.replace("+psycopg2", "", 1), application_name="seed", connect_timeout=5
        )
        with closing(connection):
            yield connection
    except (psycopg2.errors.UndefinedTable, psycopg2.errors.UndefinedColumn) as error:
        raise NotMigrated(
            f"The database at {where} is not ready: {_reason(error)}. Bring it up first: alembic upgrade head"
        ) from error
    except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
        raise Unreachable(f"The database at {where} does not answer: {_reason(error)}.") from error
    except psycopg2.Error as error:
        raise SeedError(f"The database at {where} refused the rows: {_reason(error)}.") from error


def _reason(error: Exception) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[0].strip().rstrip(".") if lines else type(error).__name__


def _claim(cursor: Cursor, names: list[str]) -> None:
    """See that the database is empty, and keep it ours: a second seed waits here, then refuses."""
    cursor.execute("LOCK TABLE devices IN SHARE ROW EXCLUSIVE MODE")
    for name in names:
        cursor.execute(f"SELECT EXISTS (SELECT FROM {name})")
        if cursor.fetchone() == (True,):
            raise AlreadyFilled(f"The database has rows already (in {name}): it was left as it is.")
    # What an interrupted try left would be filled up first: the log would lie on the disk in another order.
    cursor.execute("SELECT pg_relation_size('execution_logs') > 0")
    if cursor.fetchone() == (True,):
        cursor.execute("TRUNCATE execution_logs")


def _without_key_checks(cursor: Cursor) -> None:
    """Take foreign keys on trust where the role may: checking them row by row doubles the time."""
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
    """The ids were counted here: let the tables' own sequences, where they have one, go on behind them."""
    for name in names:
        cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", (name,))
        if cursor.fetchone() != (None,):
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), max(id)) FROM {name}")


def _settle(connection: Connection, names: list[str]) -> None:
    """Do now what would otherwise slow the first readers down: freeze the rows, gather statistics."""
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"VACUUM (FREEZE, ANALYZE) {', '.join(names)}")
