"""Make, copy, rename and drop the databases of a server.

All functions raise DatabaseUnreachable if no connection can be opened. Those that make, change or drop a
database raise EnvironmentFault, with the server's reason, if it refuses a statement.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing

import psycopg2
from psycopg2 import sql

from lab.database import connect
from lab.errors import EnvironmentFault
from lab.runtime.account import MAINTENANCE, Account

END_POLL = 0.02
"""Seconds between two attempts to end the connections that block a rename."""

HOLDS_NO_RELATION = """
SELECT NOT EXISTS (
    SELECT FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
     WHERE relkind IN ('r', 'p', 'm', 'f') AND nspname !~ '^(pg_|information_schema$)'
)
"""


def exists(account: Account, name: str) -> bool:
    """Return whether the server has a database of that name."""
    return bool(comments(account, [name]))


def comments_like(account: Account, pattern: str) -> dict[str, str | None]:
    """Return the comment of each database whose name is like the SQL pattern, by name; None without one."""
    query = "SELECT datname, shobj_description(oid, 'pg_database') FROM pg_database WHERE datname LIKE %s"
    connection = connect(account.url(MAINTENANCE))
    with closing(connection), connection.cursor() as cursor:
        cursor.execute(query, (pattern,))
        return dict(cursor.fetchall())


def oid(account: Account, name: str) -> int | None:
    """Return the object id, which no later database of that name has; None if there is no such database."""
    connection = connect(account.url(MAINTENANCE))
    with closing(connection), connection.cursor() as cursor:
        cursor.execute("SELECT oid FROM pg_database WHERE datname = %s", (name,))
        row = cursor.fetchone()
    return row[0] if row else None


def is_empty(account: Account, name: str) -> bool:
    """Return whether the database holds no table, materialized view or foreign table."""
    connection = connect(account.url(name))
    with closing(connection), connection.cursor() as cursor:
        cursor.execute(HOLDS_NO_RELATION)
        return cursor.fetchone() == (True,)


def create(account: Account, name: str, *, template: str | None = None) -> None:
    """Make the database, as a copy of `template` if one is given. A copy of 500,000 rows takes 0.1 s.

    Its search_path is set to public, because a copy does not take over the setting that roles.sql made. With
    the default, an owner named lab would make tables in the schema lab, which is for the library's records.
    https://www.postgresql.org/docs/current/sql-createdatabase.html (STRATEGY)
    """
    statement = _sql("CREATE DATABASE {}", name)
    if template is not None:
        statement += _sql(" TEMPLATE {} STRATEGY file_copy", template)
    _execute(account, statement, _sql("ALTER DATABASE {} SET search_path = public", name))


def drop(account: Account, name: str) -> None:
    """Drop the database if it exists, and end the connections to it."""
    if exists(account, name):
        # PostgreSQL refuses to drop a template.
        unmark = _sql("ALTER DATABASE {} IS_TEMPLATE false", name)
        _execute(account, unmark, _sql("DROP DATABASE IF EXISTS {} WITH (FORCE)", name))


def rename(account: Account, old: str, new: str) -> None:
    """Rename the database, which must have no connections."""
    _execute(account, _sql("ALTER DATABASE {} RENAME TO {}", old, new))


def replace(account: Account, name: str, new: str, old: str) -> None:
    """Rename the database `name` to `old`, and `new` to `name`, in one transaction.

    If it fails, or this process is killed, `name` is still the old or already the new database. The rename
    blocks new connections to the old one and waits for the existing ones to end, so they are terminated.
    https://www.postgresql.org/docs/current/sql-alterdatabase.html
    """
    rename_old = _sql("ALTER DATABASE {} RENAME TO {}", name, old)
    rename_new = _sql("ALTER DATABASE {} RENAME TO {}", new, name)
    end_sessions = sql.SQL("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}")
    with ThreadPoolExecutor(1) as pool:
        swap = pool.submit(_execute, account, _sql("BEGIN"), rename_old, rename_new, _sql("COMMIT"))
        while not swap.done():
            _execute(account, end_sessions.format(sql.Literal(name)))
            wait([swap], END_POLL)
        swap.result()


def make_template(account: Account, name: str) -> None:
    """Make the database a template, and forbid connections to it, so that it can always be copied."""
    _execute(account, _sql("ALTER DATABASE {} IS_TEMPLATE true ALLOW_CONNECTIONS false", name))


def set_comment(account: Account, name: str, text: str) -> None:
    """Set the comment of the database. It stays with the database when that is renamed."""
    _execute(account, _sql("COMMENT ON DATABASE {} IS ", name) + sql.Literal(text))


def comments(account: Account, names: Iterable[str]) -> dict[str, str | None]:
    """Return the comment of each database in `names` that exists, by name; None for one without a comment."""
    query = "SELECT datname, shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = ANY(%s)"
    connection = connect(account.url(MAINTENANCE))
    with closing(connection), connection.cursor() as cursor:
        cursor.execute(query, (list(names),))
        return dict(cursor.fetchall())


def _sql(text: str, *names: str) -> sql.Composed:
    return sql.SQL(text).format(*map(sql.Identifier, names))


def _execute(account: Account, *statements: sql.Composable) -> None:
    connection = connect(account.url(MAINTENANCE))
    try:
        with closing(connection), connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
    except psycopg2.Error as error:
        remedy = "See the state of the server: lab status"
        raise EnvironmentFault(f"A statement failed in the server: {str(error).strip()}.", remedy) from error
