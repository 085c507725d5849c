"""Look at the database: which fixes it records, which of their objects stand, who else is at work in it.

Works by plain SQL; the revisions themselves are run by `migrations`.
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

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection
    from psycopg2.extensions import cursor as Cursor

VERSION_SCHEMA = "lab"
VERSION_TABLE = "fix_version"
LOCK_KEY = 0x6C61622E666978
"""Of the advisory lock that a change holds: "lab.fix" in ASCII."""
APPLICATION_PREFIX = "lab fix"
"""How the application_name of every connection that changes something begins."""

ENDING = 30.0
"""Seconds that a session of a killed lab gets to end: it may have gigabytes to undo or to write out."""

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
LEFT_BEHIND = """
SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity
 WHERE datname = current_database() AND application_name LIKE %s AND application_name <> %s
"""
IN_THE_WAY = """
SELECT format('server process %%s (%%s, %%s)', pid, coalesce(nullif(application_name, ''), usename), state)
  FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid()
   AND xact_start < clock_timestamp() - %s * interval '1 s' ORDER BY xact_start LIMIT 3
"""


@dataclass(frozen=True, slots=True)
class SchemaSnapshot:
    """What stood in the database when it was looked at."""

    recorded: frozenset[str]
    objects: Mapping[OwnedObject, bool]
    """Every object of the schema, and whether it is whole: an index can be half built."""

    def state_of(self, fix: Fix, made_by: Callable[[OwnedObject], str]) -> PartState:
        """Whether the fix's revision and everything that it makes are there; `made_by` names a stranger's."""
        recorded = fix.revision in self.recorded
        why: list[str] = []
        for thing in fix.objects:
            if thing in self.objects and not self.objects[thing]:
                why.append(f"{thing} is half built")
            elif thing in self.objects and not recorded:
                why.append(f"{thing} exists already: {made_by(thing)}")
            elif thing not in self.objects and recorded:
                why.append(f"{fix.revision} is recorded, but {thing} is not there")
        plain = State.PRESENT if recorded else State.ABSENT
        return PartState(State.MIXED if why else plain, tuple(why))


@dataclass(frozen=True, slots=True)
class Schema:
    """One database, through one connection in autocommit mode: it never holds a snapshot for long."""

    connection: Connection
    application: str = ""

    def snapshot(self) -> SchemaSnapshot:
        """Read what stands, now."""
        with self._cursor() as cursor:
            cursor.execute("SELECT to_regclass(%s) IS NOT NULL", (f"{VERSION_SCHEMA}.{VERSION_TABLE}",))
            (there,) = cursor.fetchone() or (False,)
            recorded: frozenset[str] = frozenset()
            if there:
                cursor.execute(f"SELECT version_num FROM {VERSION_SCHEMA}.{VERSION_TABLE}")
                recorded = frozenset(name for (name,) in cursor.fetchall())
            cursor.execute(OBJECTS)
            objects = {OwnedObject(kind, name): whole for kind, name, whole in cursor.fetchall()}
        return SchemaSnapshot(recorded, objects)

    def drop_invalid_indexes(self, things: Iterable[OwnedObject]) -> None:
        """Drop those of the indexes that a killed CREATE or DROP INDEX CONCURRENTLY left behind."""
        from psycopg2 import sql

        objects = self.snapshot().objects
        for thing in things:
            if thing.kind == "index" and objects.get(thing) is False:
                with self._cursor() as cursor:
                    cursor.execute(
                        sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}").format(sql.Identifier(thing.name))
                    )

    def end_abandoned_sessions(self) -> None:
        """End the sessions of a lab that was killed: the server finishes a statement whose client is gone.

        Call it only while holding the lock: then whoever else is at work in a fix's name is such a session.

        Raises:
            TimedOut: one would not end.
        """
        # Asked until nobody is there, and not for what pg_terminate_backend answers: that is false also of a
        # session which has just ended by itself, as one does when its client is gone.
        deadline = time.monotonic() + ENDING
        with self._cursor() as cursor:
            while True:
                cursor.execute(LEFT_BEHIND, (f"{APPLICATION_PREFIX} %", self.application))
                left = cursor.fetchall()
                if not left:
                    return
                if time.monotonic() > deadline:
                    raise TimedOut(
                        f"Server process {left[0][0]}, of a lab that was killed, does not end.", "Try again."
                    )
                time.sleep(POLL)

    def prepare(self, connection: Connection, lock_timeout: float) -> None:
        """Bound how long the session waits for locks, and how long it outlives us."""
        import psycopg2

        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, false)", (f"{lock_timeout}s",))
            with suppress(psycopg2.Error):  # not on every platform
                cursor.execute("SET client_connection_check_interval = '2s'")

    def blocking_transactions(self, seconds: float) -> str:
        """Who has had a transaction open for that long."""
        with self.connection.cursor() as cursor:
            cursor.execute(IN_THE_WAY, (seconds,))
            return ", ".join(text for (text,) in cursor.fetchall()) or "somebody who has let go since"

    @contextmanager
    def _cursor(self) -> Iterator[Cursor]:
        import psycopg2

        try:
            with self.connection.cursor() as cursor:
                yield cursor
        except psycopg2.errors.LockNotAvailable as error:
            raise TimedOut(
                f"The database waited too long for a lock: {str(error).strip()}.",
                "End the transaction that holds it, then try again.",
            ) from error
        except psycopg2.Error as error:
            raise DatabaseUnreachable(
                f"The database refused: {str(error).strip()}.", "See lab status."
            ) from error

    def _try_lock(self) -> bool:
        # Never wait inside the server: a waiting statement holds a snapshot, and CREATE INDEX CONCURRENTLY,
        # run by whoever holds the lock, would wait for that.
        with self._cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", (LOCK_KEY,))
            return cursor.fetchone() == (True,)

    def _holder(self) -> str:
        with self._cursor() as cursor:
            cursor.execute(HOLDER, (LOCK_KEY,))
            found = cursor.fetchone()
        name = str(found[0]) if found else "one that has just finished"
        return f"process {name.split()[2]}" if name.startswith(f"{APPLICATION_PREFIX} ") else name


def read_schema(url: str) -> SchemaSnapshot:
    """Read the database at `url` once, without a lock.

    Raises:
        DatabaseUnreachable: no connection could be made, or the query failed.
    """
    with closing(connect(url)) as connection:
        return Schema(connection).snapshot()


@contextmanager
def lock_schema(
    url: str, *, progress: Progress, lock_timeout: float, wait: float = LOCK_WAIT
) -> Iterator[Schema]:
    """A connection that holds the database's lock against every other lab, wherever it runs.

    Raises:
        DatabaseUnreachable: there is none.
        Locked: another lab held it for `wait` seconds.
    """
    application = f"{APPLICATION_PREFIX} {os.getpid()} {secrets.token_hex(4)}"
    with closing(connect(url, application=application)) as connection:
        schema = Schema(connection, application)
        schema.prepare(connection, lock_timeout)
        acquire(schema._try_lock, schema._holder, progress, wait)
        yield schema
