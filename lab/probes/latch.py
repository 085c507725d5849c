"""One thing that holds writers up until it is opened, and holds up again whoever comes after them.

A table latch stops the first write to its table: SHARE lets reads and SELECT … FOR UPDATE pass. The commit
latch stops whoever has written anything, at commit, through a deferred trigger on every table.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
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


class _Session:
    """A connection that takes the lock on a thread of its own, for taking it may mean to wait."""

    def __init__(self, url: str, statement: str) -> None:
        self._connection = connect(url, application=APPLICATION)
        self._statement = statement
        self._waiter: threading.Thread | None = None

    @property
    def pid(self) -> int:
        return self._connection.info.backend_pid

    @property
    def waiting(self) -> bool:
        return self._waiter is not None and self._waiter.is_alive()

    def take(self) -> None:
        self._waiter = threading.Thread(target=self._lock, daemon=True)
        self._waiter.start()

    def wait(self) -> bool:
        """Whether the lock was granted before the deadline."""
        if self._waiter is not None:
            self._waiter.join(QUEUE_DEADLINE)
        return not self.waiting

    def release(self) -> None:
        if self.waiting:
            with suppress(psycopg2.Error):
                self._connection.cancel()
            self.wait()
        with suppress(psycopg2.Error), self._connection.cursor() as cursor:
            cursor.execute("ROLLBACK")

    def close(self) -> None:
        self.release()
        with suppress(psycopg2.Error):
            self._connection.close()

    def _lock(self) -> None:
        # A latch that is closed before it was granted cancels this.
        with suppress(psycopg2.Error), self._connection.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(self._statement)


class Latch:
    """Holds one lock while it is shut; `statement` takes it."""

    def __init__(self, url: str, statement: str) -> None:
        self._statement = statement
        self._front = _Session(url, statement)
        self._behind = _Session(url, statement)

    @property
    def pid(self) -> int:
        """The server process that whoever waits here is blocked by."""
        return self._front.pid

    def shut(self) -> None:
        """Raises EnvironmentFault: somebody else's lock is in the way."""
        self._front.take()
        if not self._front.wait():
            raise EnvironmentFault(f"A lock of the measurement was not granted: {self._statement}.")

    def let_through(self, watch: Connection) -> None:
        """Let everyone who waits here go on, and nobody who comes later."""
        self._behind.take()
        until = time.monotonic() + QUEUE_DEADLINE
        while self._behind.waiting and not _queued(watch, self._behind.pid) and time.monotonic() < until:
            time.sleep(0.001)
        self._front.release()
        self._front, self._behind = self._behind, self._front

    def open(self) -> None:
        self._front.release()

    def close(self) -> None:
        self._front.close()
        self._behind.close()


@contextmanager
def latches(url: str) -> Iterator[tuple[tuple[Latch, ...], Latch]]:
    """A latch for every table, and the one for every commit, all open; they are gone at the end."""
    with closing(connect(url, application=APPLICATION)) as connection, connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '5s'")
        cursor.execute(TABLES)
        tables = [name for (name,) in cursor.fetchall()]
        made: list[Latch] = []
        try:
            cursor.execute(HOLD)
            for table in tables:
                cursor.execute(sql.SQL(TRIGGER).format(sql.SQL(table)))
            made.append(Latch(url, f"SELECT pg_advisory_xact_lock({COMMIT_KEY})"))
            for table in tables:
                made.append(Latch(url, f"LOCK TABLE {table} IN SHARE MODE"))
            yield tuple(made[1:]), made[0]
        finally:
            for latch in reversed(made):
                latch.close()
            with suppress(psycopg2.Error):  # the shadow goes away with whatever would not be dropped
                cursor.execute("DROP SCHEMA lab_gate CASCADE")


def _queued(watch: Connection, pid: int) -> bool:
    with watch.cursor() as cursor:
        cursor.execute("SELECT cardinality(pg_blocking_pids(%s)) > 0", (pid,))
        return cursor.fetchone() == (True,)
