"""A latch is a lock that stops transactions. It can release those that wait, and stop the ones that follow.

A table latch stops the first write to its table. Its SHARE lock lets reads and SELECT ... FOR UPDATE pass.
The commit latch stops the commit of a transaction that has written, by a deferred trigger on every table.
Both take a partitioned table as one: the lock and the trigger are on all its partitions.
Source: https://www.postgresql.org/docs/current/explicit-locking.html
"""

from __future__ import annotations

import secrets
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

LOCK_TIMEOUT = 20.0
"""Seconds until the lock is had. Transactions of requests end long before: this only bounds a hang."""

TABLES = """
SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
   AND n.nspname <> ALL ('{pg_catalog,information_schema,pg_toast,lab,lab_gate}')
   AND c.relname <> 'alembic_version' ORDER BY 1
"""
HOLD = """
CREATE SCHEMA IF NOT EXISTS lab_gate;
CREATE OR REPLACE FUNCTION lab_gate.hold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared({});
    RETURN NULL;
END $$;
"""
TRIGGER = """
CREATE CONSTRAINT TRIGGER lab_gate AFTER INSERT OR UPDATE OR DELETE ON {} DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION lab_gate.hold()
"""


def new_key() -> int:
    """A key for an advisory lock. It is random: with a known one, a service could notice the measurement."""
    return secrets.randbits(62)


class _Session:
    """A connection that takes a lock in a thread, because it may have to wait."""

    def __init__(self, url: str, statement: str) -> None:
        self._connection = connect(url)
        self._statement = statement
        self._thread: threading.Thread | None = None

    @property
    def pid(self) -> int:
        return self._connection.info.backend_pid

    @property
    def waiting(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def request_lock(self) -> None:
        self._thread = threading.Thread(target=self._lock, daemon=True)
        self._thread.start()

    def wait_for_lock(self) -> bool:
        if self._thread is not None:
            self._thread.join(LOCK_TIMEOUT)
        return not self.waiting

    def release(self) -> None:
        """Give the lock back, or stop waiting for it."""
        if self.waiting:
            with suppress(psycopg2.Error):
                self._connection.cancel()
            self.wait_for_lock()
        with suppress(psycopg2.Error), self._connection.cursor() as cursor:
            cursor.execute("ROLLBACK")

    def close(self) -> None:
        self.release()
        with suppress(psycopg2.Error):
            self._connection.close()

    def _lock(self) -> None:
        # Fails when `release` cancels the statement.
        with suppress(psycopg2.Error), self._connection.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(self._statement)


class Latch:
    """A lock that `statement` takes. While it is locked, transactions that need a conflicting lock wait."""

    def __init__(self, url: str, statement: str) -> None:
        self._statement = statement
        self._holder = _Session(url, statement)
        self._next = _Session(url, statement)

    @property
    def pid(self) -> int:
        """The pid of the server process that has the lock, and so blocks those that wait."""
        return self._holder.pid

    def lock(self) -> None:
        """Raises EnvironmentFault: another transaction kept a conflicting lock for LOCK_TIMEOUT seconds."""
        self._holder.request_lock()
        if not self._holder.wait_for_lock():
            why = f"The measurement did not get its lock within {LOCK_TIMEOUT:g} s: {self._statement}."
            raise EnvironmentFault(why, "Measure again: lab check")

    def release_waiting(self, watch: Connection) -> None:
        """Let the transactions that wait now go on, and stop those that come later.

        A second session queues for the lock behind those that wait, before the first one gives it back.
        `watch` is any other connection to the database.
        """
        self._next.request_lock()
        until = time.monotonic() + LOCK_TIMEOUT
        while self._next.waiting and not _blocked(watch, self._next.pid) and time.monotonic() < until:
            time.sleep(0.001)
        self._holder.release()
        self._holder, self._next = self._next, self._holder

    def unlock(self) -> None:
        self._holder.release()

    def close(self) -> None:
        """Unlock the latch and close its connections."""
        self._holder.close()
        self._next.close()


@contextmanager
def latches(url: str) -> Iterator[tuple[tuple[Latch, ...], Latch]]:
    """Make a latch for each table, and the commit latch, all unlocked. They are removed after the block.

    Raises:
        DatabaseUnreachable: the database does not answer.
        psycopg2.Error: a trigger could not be added, for example because a table stayed locked.
    """
    with closing(connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = '{LOCK_TIMEOUT:g}s'")
        cursor.execute(TABLES)
        tables = [name for (name,) in cursor.fetchall()]
        made: list[Latch] = []
        try:
            key = new_key()
            cursor.execute(sql.SQL(HOLD).format(sql.Literal(key)))
            for table in tables:
                cursor.execute(sql.SQL(TRIGGER).format(sql.SQL(table)))
            made.append(Latch(url, f"SELECT pg_advisory_xact_lock({key})"))
            for table in tables:
                made.append(Latch(url, f"LOCK TABLE {table} IN SHARE MODE"))
            yield tuple(made[1:]), made[0]
        finally:
            for latch in reversed(made):
                latch.close()
            with suppress(psycopg2.Error):  # what cannot be dropped is removed with the shadow's database
                cursor.execute("DROP SCHEMA lab_gate CASCADE")


def _blocked(watch: Connection, pid: int) -> bool:
    with watch.cursor() as cursor:
        cursor.execute("SELECT cardinality(pg_blocking_pids(%s)) > 0", (pid,))
        return cursor.fetchone() == (True,)
