"""The read gate: a request that has read, and acts on it only after another one is done.

The first read of a table is held in the middle of its statement, by a row security policy, with the snapshot
taken: what it answers is old by then. The write gate cannot hold anybody between a read and a try for a lock.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress

import psycopg2
from psycopg2 import sql

from lab.database import connect
from lab.probes.gate import Gate
from lab.probes.latch import APPLICATION, Latch

READ_KEY = 0x6C61622E72656164
"""The advisory lock that the reader waits for: "lab.read" in ASCII."""

READER_KEY = READ_KEY + 1
"""The one that makes a transaction the reader, until its end: the others read on."""

UNGUARDED = """
SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r' AND n.nspname = 'public' AND NOT c.relrowsecurity AND c.relname <> 'alembic_version'
 ORDER BY 1
"""
HOLD = f"""
CREATE SCHEMA lab_read;
GRANT USAGE ON SCHEMA lab_read TO PUBLIC;
CREATE FUNCTION lab_read.hold() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF pg_try_advisory_xact_lock({READER_KEY}) THEN
        PERFORM pg_advisory_xact_lock_shared({READ_KEY});
    END IF;
    RETURN true;
END $$;
"""
GUARD = """
CREATE POLICY lab_read ON {0} USING (lab_read.hold()) WITH CHECK (true);
ALTER TABLE {0} ENABLE ROW LEVEL SECURITY
"""


@contextmanager
def read_gate(url: str, urls: Sequence[str]) -> Iterator[Gate]:
    """The first request that passes is held in its first read until the others got as far as they can."""
    with (
        closing(connect(url, application=APPLICATION)) as connection,
        connection.cursor() as cursor,
        closing(Latch(url, f"SELECT pg_advisory_xact_lock({READ_KEY})")) as latch,
    ):
        cursor.execute("SET lock_timeout = '5s'")
        cursor.execute(UNGUARDED)
        tables = [sql.SQL(name) for (name,) in cursor.fetchall()]
        try:
            cursor.execute(HOLD)
            for table in tables:
                cursor.execute(sql.SQL(GUARD).format(table))
            yield Gate(connection, (), latch, urls)
        finally:
            latch.open()
            with suppress(psycopg2.Error):  # where it stays it lets everybody through, until the shadow goes
                for table in tables:
                    cursor.execute(sql.SQL("ALTER TABLE {} DISABLE ROW LEVEL SECURITY").format(table))
                cursor.execute("DROP SCHEMA lab_read CASCADE")
