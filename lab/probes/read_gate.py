"""The read gate makes one request act on outdated rows: it has read them before another request changed them.

A row security policy holds the first read of a table in the middle of its statement, after its snapshot was
taken. The write gate cannot do this: it cannot hold a request between a read and an attempt to take a lock.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress

import psycopg2
from psycopg2 import sql

from lab.database import connect
from lab.probes.gate import Gate
from lab.probes.latch import APPLICATION, Latch

READ_KEY = 0x6C61622E72656164
"""The advisory lock for which the reader waits: "lab.read" in ASCII."""

READER_KEY = READ_KEY + 1
"""The advisory lock that makes a transaction the reader until its end. The others are not held."""

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
    """A gate that holds the first request in its first read until the others are answered or wait for it."""
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
            latch.unlock()
            with suppress(
                psycopg2.Error
            ):  # a policy that remains holds no request, once the latch is unlocked
                for table in tables:
                    cursor.execute(sql.SQL("ALTER TABLE {} DISABLE ROW LEVEL SECURITY").format(table))
                cursor.execute("DROP SCHEMA lab_read CASCADE")
