"""The read gate holds one request in its first read, while other requests run and change the same rows.

A row security policy holds it. The statement has its snapshot by then, so when it goes on, it still returns
the old rows, unless it locks them. The write gate cannot produce this order: it does not stop a request
between a read and an attempt to take a lock.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress

import psycopg2
from psycopg2 import sql

from lab.database import connect
from lab.probing.connection import ProbeConnection, role_settings
from lab.probing.gate import Gate
from lab.probing.interleaving import What
from lab.probing.latch import LOCK_TIMEOUT, Latch, new_key

UNGUARDED = """
SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname = 'public' AND NOT c.relrowsecurity
   AND c.relname <> 'alembic_version'
 ORDER BY 1
"""
# A scan tries its conditions in the order of their cost. This one is cheaper than those of the query, so a
# reader is held also if no row meets them, unless the table is empty. An index is looked up before: see
# `without_indexes`.
HOLD = """
CREATE SCHEMA lab_read;
GRANT USAGE ON SCHEMA lab_read TO PUBLIC;
CREATE FUNCTION lab_read.hold() RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$
BEGIN
    IF pg_try_advisory_xact_lock({reader}) THEN
        PERFORM pg_advisory_xact_lock_shared({read});
    END IF;
    RETURN true;
END $$;
"""
GUARD = """
CREATE POLICY lab_read ON {0} USING (lab_read.hold()) WITH CHECK (true);
ALTER TABLE {0} ENABLE ROW LEVEL SECURITY
"""


SCANS = ("enable_indexscan", "enable_indexonlyscan", "enable_bitmapscan")


@contextmanager
def without_indexes(connection: ProbeConnection, role: str) -> Iterator[None]:
    """Let connections that `role` opens within the block read tables without indexes, until they close.

    Otherwise a read for which an index finds no row is not held. Launch the instances within the block.
    """
    with role_settings(connection, role, dict.fromkeys(SCANS, "off")):
        yield


@contextmanager
def read_gate(url: str, urls: Sequence[str]) -> Iterator[Gate]:
    """Make a gate that holds the first request in its first read until the others are answered or wait.

    `url` is that of the database, `urls` are those of the services.

    Raises:
        DatabaseUnreachable: the database does not answer.
        psycopg2.Error: a policy could not be added, for example because a table stayed locked.
    """
    # The reader has the second lock until its transaction ends, and only that one waits for the first.
    read, reader = new_key(), new_key()
    with (
        closing(connect(url)) as connection,
        connection.cursor() as cursor,
        closing(Latch(url, f"SELECT pg_advisory_xact_lock({read})")) as latch,
    ):
        cursor.execute(f"SET lock_timeout = '{LOCK_TIMEOUT:g}s'")
        cursor.execute(UNGUARDED)
        tables = [sql.SQL(name) for (name,) in cursor.fetchall()]
        try:
            cursor.execute(sql.SQL(HOLD).format(read=sql.Literal(read), reader=sql.Literal(reader)))
            for table in tables:
                cursor.execute(sql.SQL(GUARD).format(table))
            yield Gate(connection, (), latch, urls, What.IN_READ)
        finally:
            latch.unlock()
            # A policy that remains holds no request, once the latch is unlocked.
            with suppress(psycopg2.Error):
                for table in tables:
                    cursor.execute(sql.SQL("ALTER TABLE {} DISABLE ROW LEVEL SECURITY").format(table))
                cursor.execute("DROP SCHEMA lab_read CASCADE")
