"""One thing that holds writers up until it is opened, and holds up again whoever comes after them.

A table latch stops the first write to its table: SHARE lets reads and SELECT … FOR UPDATE pass. The commit
latch stops whoever has written anything, at commit, through a deferred trigger on every table.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg2
from psycopg2 import sql

from lab.database import connect
from lab.errors import EnvironmentFault

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

APPLICATION = "lab gate"
COMMIT_KEY = 0x6C61622E67617465
"""The advisory lock of the commit latch: "lab.gate" in ASCII."""

QUEUE_DEADLINE = 5.0
TABLES = """
SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r' AND n.nspname <> ALL ('{pg_catalog,information_schema,pg_toast,lab,lab_gate}')
   AND c.relname <> 'alembic_version' ORDER BY 1
"""
HOLD = f"""
CREATE SCHEMA IF NOT EXISTS lab_gate;
CREATE OR REPLACE FUNCTION lab_gate.hold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared({COMMIT_KEY});
    RETURN NULL;
END $$;
"""
TRIGGER = """
CREATE CONSTRAINT TRIGGER lab_gate AFTER INSERT OR UPDATE OR DELETE ON {} DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION lab_gate.hold()
"""


@dataclass(slots=True)
class _Hold:
    """A connection that holds the lock, or stands in the queue for it."""

    connection: Connection
    waiter: threading.Thread

    @property
    def pid(self) -> int:
        return self.connection.info.backend_pid

    def release(self) -> None:
        if self.waiter.is_alive():
            with suppress(psycopg2.Error):
                self.connection.cancel()
            self.waiter.join(QUEUE_DEADLINE)
        with suppress(psycopg2.Error):
            self.connection.close()


class Latch:
    """Holds one lock; `statement` takes it."""

    def __init__(self, url: str, statement: str) -> None:
        self._url = url
        self._statement = statement
        self._hold = self._take()
        self._hold.waiter.join(QUEUE_DEADLINE)
        if self._hold.waiter.is_alive():
            self.close()
            raise EnvironmentFault(f"A lock of the measurement was not granted: {statement}.")

    @property
    def pid(self) -> int:
        """The server process that whoever waits here is blocked by."""
        return self._hold.pid

    def let_through(self, watch: Connection) -> None:
        """Let everyone who waits here go on, and nobody who comes later."""
        behind = self._take()
        until = time.monotonic() + QUEUE_DEADLINE
        while behind.waiter.is_alive() and not _queued(watch, behind.pid) and time.monotonic() < until:
            time.sleep(0.001)
        self._hold.release()
        self._hold = behind

    def close(self) -> None:
        self._hold.release()

    def _take(self) -> _Hold:
        connection = connect(self._url, application=APPLICATION)

        def lock() -> None:
            # It ends by cancellation or with the connection when the latch is closed before it is granted.
            with suppress(psycopg2.Error), connection.cursor() as cursor:
                cursor.execute("BEGIN")
                cursor.execute(self._statement)

        waiter = threading.Thread(target=lock, daemon=True)
        waiter.start()
        return _Hold(connection, waiter)


@contextmanager
def latches(url: str) -> Iterator[tuple[tuple[Latch, ...], Latch]]:
    """A latch for every table, and the one for every commit; all are gone at the end."""
    with closing(connect(url, application=APPLICATION)) as connection, connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '5s'")
        cursor.execute(TABLES)
        tables = [name for (name,) in cursor.fetchall()]
        held: list[Latch] = []
        try:
            cursor.execute(HOLD)
            for table in tables:
                cursor.execute(sql.SQL(TRIGGER).format(sql.SQL(table)))
            commit = Latch(url, f"SELECT pg_advisory_xact_lock({COMMIT_KEY})")
            held.append(commit)
            for table in tables:
                held.append(Latch(url, f"LOCK TABLE {table} IN SHARE MODE"))
            yield tuple(held[1:]), commit
        finally:
            for latch in reversed(held):
                latch.close()
            with suppress(psycopg2.Error):  # the shadow goes away with whatever would not be dropped
                cursor.execute("DROP SCHEMA lab_gate CASCADE")


def _queued(watch: Connection, pid: int) -> bool:
    with watch.cursor() as cursor:
        cursor.execute("SELECT cardinality(pg_blocking_pids(%s)) > 0", (pid,))
        return cursor.fetchone() == (True,)
