"""Make, copy, rename and drop the databases of a server.

All functions raise DatabaseUnreachable if no connection can be opened. Those that make, change or drop a
database raise EnvironmentFault, with the server's reason, if it refuses a statement.
"""

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from typing import Any

import psycopg2
from psycopg2 import sql

from lab.database import connect
from lab.errors import EnvironmentFault
from lab.runtime.account import MAINTENANCE, Account
from lab.sentences import sentence

DROP_TIMEOUT, DROP_POLL = 30.0, 0.1
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
    create = statement("CREATE DATABASE {}", name)
    if account.owner:
        create += statement(" OWNER {}", account.owner)
    if template is not None:
        create += statement(" TEMPLATE {} STRATEGY file_copy", template)
    execute(account, create, statement("ALTER DATABASE {} SET search_path = public", name))


def drop(account: Account, name: str) -> None:
    """Drop the database if it exists, and end the connections to it.

    The server goes on with the statement of a client that was killed, and may drop the database meanwhile. So
    a statement that fails is tried again, for DROP_TIMEOUT seconds.
    """
    deadline = time.monotonic() + DROP_TIMEOUT
    # PostgreSQL refuses to drop a template.
    unmark = statement("ALTER DATABASE {} IS_TEMPLATE false", name)
    while exists(account, name):
        try:
            execute(account, unmark, statement("DROP DATABASE IF EXISTS {} WITH (FORCE)", name))
        except EnvironmentFault:
            if time.monotonic() > deadline:
                raise
            time.sleep(DROP_POLL)


def rename(account: Account, old: str, new: str) -> None:
    """Rename the database, which must have no connections."""
    execute(account, statement("ALTER DATABASE {} RENAME TO {}", old, new))


def replace(account: Account, name: str, new: str, old: str) -> None:
    """Rename the database `name` to `old`, and `new` to `name`, in one transaction.

    If it fails, or this process is killed, `name` is still the old or already the new database. The rename
    blocks new connections to the old one and waits for the existing ones to end, so they are terminated.
    https://www.postgresql.org/docs/current/sql-alterdatabase.html
    """
    rename_old = statement("ALTER DATABASE {} RENAME TO {}", name, old)
    rename_new = statement("ALTER DATABASE {} RENAME TO {}", new, name)
    end_sessions = sql.SQL("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}")
    with ThreadPoolExecutor(1) as pool:
        swap = pool.submit(execute, account, statement("BEGIN"), rename_old, rename_new, statement("COMMIT"))
        while not swap.done():
            execute(account, end_sessions.format(sql.Literal(name)))
            wait([swap], END_POLL)
        swap.result()


def make_template(account: Account, name: str) -> None:
    """Make the database a template, and forbid connections to it, so that it can always be copied."""
    execute(account, statement("ALTER DATABASE {} IS_TEMPLATE true ALLOW_CONNECTIONS false", name))


def allow_connections(account: Account, name: str, allowed: bool) -> None:
    """Allow or forbid new connections to the database."""
    execute(account, statement(f"ALTER DATABASE {{}} ALLOW_CONNECTIONS {str(allowed).lower()}", name))


def unmake_template(account: Account, name: str, new: str) -> None:
    """Turn a template into a database of the name `new`, without a comment."""
    execute(
        account,
        statement("BEGIN"),
        statement("ALTER DATABASE {} IS_TEMPLATE false ALLOW_CONNECTIONS true", name),
        statement("ALTER DATABASE {} SET search_path = public", name),
        statement("COMMENT ON DATABASE {} IS NULL", name),
        statement("ALTER DATABASE {} RENAME TO {}", name, new),
        statement("COMMIT"),
    )


def close_to_owner(account: Account, name: str, reader: str) -> None:
    """Let only the superuser and the role `reader` connect to the database. The superuser owns it then."""
    execute(
        account,
        statement("ALTER DATABASE {} OWNER TO {}", name, account.user),
        statement("REVOKE CONNECT ON DATABASE {} FROM PUBLIC, {}", name, account.owner),
        statement("GRANT CONNECT ON DATABASE {} TO {}", name, reader),
    )


def set_comment(account: Account, name: str, text: str) -> None:
    """Set the comment of the database. It stays with the database when that is renamed."""
    execute(account, statement("COMMENT ON DATABASE {} IS ", name) + sql.Literal(text))


def comments(account: Account, names: Iterable[str]) -> dict[str, str | None]:
    """Return the comment of each database in `names` that exists, by name; None for one without a comment."""
    query = "SELECT datname, shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = ANY(%s)"
    connection = connect(account.url(MAINTENANCE))
    with closing(connection), connection.cursor() as cursor:
        cursor.execute(query, (list(names),))
        return dict(cursor.fetchall())


def rows(account: Account, query: str | sql.Composable) -> list[tuple[Any, ...]]:
    """Return the rows of a query in the maintenance database."""
    connection = connect(account.url(MAINTENANCE))
    with closing(connection), connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def statement(text: str, *names: str) -> sql.Composed:
    """Return the SQL with these names for each `{}`."""
    return sql.SQL(text).format(*map(sql.Identifier, names))


def execute(account: Account, *statements: sql.Composable) -> None:
    """Execute each statement by itself, in the maintenance database."""
    connection = connect(account.url(MAINTENANCE))
    try:
        with closing(connection), connection.cursor() as cursor:
            for one in statements:
                cursor.execute(one)
    except psycopg2.Error as error:
        remedy = "See the state of the server: lab status"
        raise EnvironmentFault(
            sentence(f"A statement failed in the server: {str(error).strip()}"), remedy
        ) from error
