"""A live writer on every table: how long one write has to wait at most."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field

import psycopg2
from psycopg2 import sql

from lab.database import connect
from lab.engine.catalogue import Catalogue
from lab.errors import DatabaseUnreachable

PAUSE = 0.02
"""Seconds between two writes to one table: more of them would slow down what is measured."""

LONGEST = 200.0
"""Seconds that a write may wait: more than a migration may take."""


@dataclass(slots=True)
class Waits:
    """The slowest write to each table, in seconds. A table to which nothing could be written is not there."""

    slowest: dict[str, float] = field(default_factory=dict)

    @property
    def worst(self) -> tuple[str, float]:
        """The table with the slowest write, and its seconds; an empty text and 0 if there was none."""
        return max(self.slowest.items(), key=lambda one: one[1], default=("", 0.0))


@contextmanager
def writing(url: str, shipped: Catalogue) -> Iterator[Waits]:
    """While the block runs, write to a row of each table, again and again; no value changes.

    It ends with the block, or where the schema does not fit the shipped columns any more.
    """
    waits, end = Waits(), threading.Event()
    threads = [
        threading.Thread(target=_write, args=(url, table, tuple(columns), waits, end), daemon=True)
        for table, columns in shipped.columns.items()
        if len(columns) > 1
    ]
    for thread in threads:
        thread.start()
    try:
        yield waits
    finally:
        end.set()
        for thread in threads:
            thread.join()


def _write(url: str, table: str, columns: Sequence[str], waits: Waits, end: threading.Event) -> None:
    key, column = (sql.Identifier(name) for name in columns[:2])
    # It is rolled back, because a trigger of the candidate's may change more; and it is one message, so that
    # its lock does not last until a busy machine runs this thread again.
    update = "BEGIN; UPDATE {0} SET {1} = {1} WHERE {2} = (SELECT min({2}) FROM {0}); ROLLBACK"
    statement = sql.SQL(update).format(sql.Identifier(table), column, key)
    with (
        suppress(psycopg2.Error, DatabaseUnreachable),
        closing(connect(url)) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(f"SET statement_timeout = '{LONGEST:g}s'")
        while not end.is_set():
            begun = time.monotonic()
            cursor.execute(statement)
            waits.slowest[table] = max(waits.slowest.get(table, 0.0), time.monotonic() - begun)
            end.wait(PAUSE)
