"""What a database itself says of its migrations: its revisions, and indexes that were not completed."""

from contextlib import closing

import psycopg2

from lab.database import connect
from lab.sentences import printable

RECORDED = "SELECT version_num FROM alembic_version ORDER BY 1"
INVALID_INDEXES = "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid ORDER BY 1"


def recorded(url: str) -> tuple[str, ...]:
    """Return the revisions that the database records; none if it has no table for them.

    Raises DatabaseUnreachable.
    """
    try:
        return _column(url, RECORDED)
    except psycopg2.errors.UndefinedTable:
        return ()


def invalid_indexes(url: str) -> tuple[str, ...]:
    """Return the indexes that CREATE INDEX CONCURRENTLY did not complete, as SQL names them.

    Raises DatabaseUnreachable.
    """
    return _column(url, INVALID_INDEXES)


def _column(url: str, query: str) -> tuple[str, ...]:
    with closing(connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        return tuple(printable(str(value)) for (value,) in cursor.fetchall())
