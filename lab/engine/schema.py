"""Read the database: which fixes it records and which of their objects exist. Take the lock for a change.

It uses plain SQL; `migrations` runs the revisions.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.catalog import Fix, OwnedObject
from lab.database import connect
from lab.engine.state import PartState, State
from lab.errors import DatabaseUnreachable, TimedOut
from lab.lock import LOCK_WAIT, POLL, acquire
from lab.progress import Progress
from lab.sentences import sentence

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection
    from psycopg2.extensions import cursor as Cursor

VERSION_SCHEMA = "lab"
VERSION_TABLE = "fix_version"
LOCK_KEY = 0x6C61622E666978
"""The key of the advisory lock that a change holds: "lab.fix" in ASCII."""

APPLICATION_PREFIX = "lab fix"
"""How the application_name of every connection of a change begins."""

END_TIMEOUT = 30.0
"""Seconds for a terminated server process to end: it may have gigabytes to roll back."""

OBJECTS = """
SELECT 'table', c.relname, true FROM pg_class c
 WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
UNION ALL
SELECT 'index', c.relname, i.indisvalid AND i.indisready
  FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid
 WHERE c.relnamespace = current_schema()::regnamespace
UNION ALL
SELECT 'constraint', conname, true FROM pg_constraint WHERE connamespace = current_schema()::regnamespace
UNION ALL
SELECT 'column', c.relname || '.' || a.attname, true
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
 WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
   AND a.attnum > 0 AND NOT a.attisdropped
"""
HOLDER = """
SELECT coalesce(nullif(a.application_name, ''), 'server process ' || a.pid)
  FROM pg_locks l JOIN pg_stat_activity a USING (pid)
 WHERE l.locktype = 'advisory' AND l.granted AND l.database = (SELECT oid FROM pg_database
       WHERE datname = current_database()) AND (l.classid::bigint << 32 | l.objid::bigint) = %s
"""
ABANDONED = """
SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity
 WHERE datname = current_database() AND application_name LIKE %s AND application_name <> %s
"""
FIND_TRANSACTION = 'lab psql -c "SELECT pid, state, query FROM pg_stat_activity WHERE xact_start IS NOT NULL"'
OPEN_TRANSACTIONS = """
SELECT format('server process %s (%s, %s)', pid, coalesce(nullif(application_name, ''), usename), state)
  FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid()
   AND xact_start IS NOT NULL ORDER BY xact_start LIMIT 3
"""


@dataclass(frozen=True, slots=True)
class SchemaSnapshot:
    """What the database contained when it was read."""

    recorded: frozenset[str]
    """The revisions of the applied fixes, such as `fix_7`."""
    objects: Mapping[OwnedObject, bool]
    """Every table, index, constraint and column, and whether it is valid: only an index can be invalid."""

    def state_of(self, fix: Fix, creator_of: Callable[[OwnedObject], str]) -> PartState:
        """Return the state of the fix's schema: mixed unless its revision and objects are all there, or none.

        `creator_of` describes the origin of an object that exists although the revision is not recorded.
        """
        recorded = fix.revision in self.recorded
        why: list[str] = []
        for owned in fix.objects:
            if owned in self.objects and not self.objects[owned]:
                why.append(f"{owned} is half built")
            elif owned in self.objects and not recorded:
                why.append(f"{owned} exists already: {creator_of(owned)}")
            elif owned not in self.objects and recorded:
                why.append(f"{fix.revision} is recorded, but {owned} is not there")
        unmixed = State.PRESENT if recorded else State.ABSENT
        return PartState(State.MIXED if why else unmixed, tuple(why))


@dataclass(frozen=True, slots=True)
class Schema:
    """The schema of one database, read through a connection in autocommit mode.

    `application` is the connection's application_name. The methods raise DatabaseUnreachable if a statement
    fails, and TimedOut if it waits for a lock for longer than the connection's lock_timeout.
    """

    connection: Connection
    application: str = ""

    def snapshot(self) -> SchemaSnapshot:
        """Read the recorded revisions and the objects."""
        with self._cursor() as cursor:
            cursor.execute("SELECT to_regclass(%s) IS NOT NULL", (f"{VERSION_SCHEMA}.{VERSION_TABLE}",))
            recorded: frozenset[str] = frozenset()
            if cursor.fetchone() == (True,):
                cursor.execute(f"SELECT version_num FROM {VERSION_SCHEMA}.{VERSION_TABLE}")
                recorded = frozenset(name for (name,) in cursor.fetchall())
            cursor.execute(OBJECTS)
            objects = {OwnedObject(kind, name): valid for kind, name, valid in cursor.fetchall()}
        return SchemaSnapshot(recorded, objects)

    def drop_invalid_indexes(self, owned: Iterable[OwnedObject]) -> SchemaSnapshot:
        """Drop those of the objects that are invalid indexes, and return the schema afterwards.

        A killed CREATE or DROP INDEX CONCURRENTLY leaves an invalid index behind.
        """
        from psycopg2 import sql

        snapshot = self.snapshot()
        invalid = [one for one in owned if one.kind == "index" and snapshot.objects.get(one) is False]
        for index in invalid:
            with self._cursor() as cursor:
                name = sql.Identifier(index.name)
                cursor.execute(sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}").format(name))
        return self.snapshot() if invalid else snapshot

    def end_abandoned_sessions(self) -> None:
        """Terminate the server processes of a `lab` that was killed: they would finish their statement.

        Call it only while holding the lock: then every other connection of a change is abandoned.

        Raises:
            TimedOut: one of them still runs after END_TIMEOUT.
        """
        # Repeated until none is left. pg_terminate_backend's result is unreliable: it is false also for a
        # process that has just ended by itself.
        deadline = time.monotonic() + END_TIMEOUT
        with self._cursor() as cursor:
            while True:
                cursor.execute(ABANDONED, (f"{APPLICATION_PREFIX} %", self.application))
                left = cursor.fetchall()
                if not left:
                    return
                if time.monotonic() > deadline:
                    raise TimedOut(
                        f"PostgreSQL process {left[0][0]}, left by a killed lab command, does not end.",
                        "Try again in a minute.",
                    )
                time.sleep(POLL)

    def open_transactions(self) -> str:
        """Describe, for a message, the three oldest open transactions of other clients."""
        with self.connection.cursor() as cursor:
            cursor.execute(OPEN_TRANSACTIONS)
            return ", ".join(text for (text,) in cursor.fetchall()) or "none any more"

    @contextmanager
    def _cursor(self) -> Iterator[Cursor]:
        import psycopg2

        try:
            with self.connection.cursor() as cursor:
                yield cursor
        except psycopg2.errors.LockNotAvailable as error:
            raise TimedOut(
                sentence(f"A transaction holds a lock that lab needs: {str(error).strip()}"),
                f"Find it with {FIND_TRANSACTION}, end it, then try again.",
            ) from error
        except psycopg2.Error as error:
            raise DatabaseUnreachable(
                sentence(f"The database refused: {str(error).strip()}"), "See lab status."
            ) from error

    def _try_lock(self) -> bool:
        # Never wait inside the server: a waiting statement holds a snapshot, and a CREATE INDEX CONCURRENTLY
        # of the process that has the lock would wait for that snapshot to end.
        with self._cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", (LOCK_KEY,))
            return cursor.fetchone() == (True,)

    def _holder(self) -> str:
        with self._cursor() as cursor:
            cursor.execute(HOLDER, (LOCK_KEY,))
            found = cursor.fetchone()
        name = str(found[0]) if found else "one that has just finished"
        return f"process {name.split()[2]}" if name.startswith(f"{APPLICATION_PREFIX} ") else name


def set_timeouts(connection: Connection, lock_timeout: float) -> None:
    """Set the connection's lock_timeout (seconds), and end its statements within 2 s of our process's end."""
    import psycopg2

    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", (f"{lock_timeout}s",))
        with suppress(psycopg2.Error):  # not supported on every platform
            cursor.execute("SET client_connection_check_interval = '2s'")


def read_schema(url: str) -> SchemaSnapshot:
    """Read the database at `url` once, without a lock. Raises DatabaseUnreachable if that fails."""
    with closing(connect(url)) as connection:
        return Schema(connection).snapshot()


@contextmanager
def lock_schema(
    url: str, *, progress: Progress, lock_timeout: float, wait: float = LOCK_WAIT
) -> Iterator[Schema]:
    """Hold the database's lock for the block, so that no other `lab` changes it, on any machine.

    `lock_timeout` is for locks on tables, `wait` for the other `lab`; both in seconds.

    Raises:
        DatabaseUnreachable: no connection could be made.
        Locked: another `lab` still held the lock after `wait` seconds.
    """
    application = f"{APPLICATION_PREFIX} {os.getpid()} {secrets.token_hex(4)}"
    with closing(connect(url, application=application)) as connection:
        schema = Schema(connection, application)
        set_timeouts(connection, lock_timeout)
        acquire(schema._try_lock, schema._holder, progress, wait)
        yield schema
