"""Make, copy, rename and drop databases of one server."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing

import psycopg2
from psycopg2 import sql

from lab.database import connect
from lab.errors import EnvironmentFault
from lab.runtime.account import MAINTENANCE, Account

ENDING_PAUSE = 0.02  # seconds


def exists(account: Account, name: str) -> bool:
    connection = connect(account.url(MAINTENANCE))
    with closing(connection), connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_database WHERE datname = %s", (name,))
        return cursor.fetchone() is not None


def is_empty(account: Account, name: str) -> bool:
    """Whether nobody has made a table there, or anything else that holds rows."""
    query = """
        SELECT NOT EXISTS (
            SELECT FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
             WHERE relkind IN ('r', 'p', 'm', 'f') AND nspname !~ '^(pg_|information_schema$)'
        )
    """
    connection = connect(account.url(name))
    with closing(connection), connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone() == (True,)


def create(account: Account, name: str, *, template: str | None = None) -> None:
    """Make the database, a copy of `template` if one is named: file by file, so in a tenth of a second.

    What is made in it goes to public, as roles.sql has it: a copy does not take that over, and the owner's
    tables would join the library's in the schema lab where the owner is called lab.
    https://www.postgresql.org/docs/current/sql-createdatabase.html (STRATEGY)

    Raises:
        EnvironmentFault: the server refused, for example since the template is in use.
    """
    statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
    if template is not None:
        statement += sql.SQL(" TEMPLATE {} STRATEGY file_copy").format(sql.Identifier(template))
    settle = sql.SQL("ALTER DATABASE {} SET search_path = public").format(sql.Identifier(name))
    _execute(account, statement, settle)


def drop(account: Account, name: str) -> None:
    """Drop the database if it is there, and cut its connections."""
    # A template cannot be dropped while it is one.
    if exists(account, name):
        unmark = sql.SQL("ALTER DATABASE {} IS_TEMPLATE false").format(sql.Identifier(name))
        _execute(account, unmark)
    _execute(account, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def rename(account: Account, old: str, new: str) -> None:
    _execute(
        account, sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(old), sql.Identifier(new))
    )


def replace(account: Account, name: str, new: str, old: str) -> None:
    """Give the database `by` the name `name`, and the one that bore it the name `aside`, in one transaction.

    So a kill leaves the old one or the new one under the name, never neither. The rename locks new sessions
    out and waits for those that there are, which are ended meanwhile.
    https://www.postgresql.org/docs/current/sql-alterdatabase.html
    """
    current, replacement, aside = (sql.Identifier(one) for one in (name, new, old))
    rename_old = sql.SQL("ALTER DATABASE {} RENAME TO {}").format(current, aside)
    rename_new = sql.SQL("ALTER DATABASE {} RENAME TO {}").format(replacement, current)
    end_others = sql.SQL("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}")
    begin, commit = sql.SQL("BEGIN"), sql.SQL("COMMIT")
    with ThreadPoolExecutor(1) as pool:
        swap = pool.submit(_execute, account, begin, rename_old, rename_new, commit)
        while not swap.done():
            _execute(account, end_others.format(sql.Literal(name)))
            wait([swap], ENDING_PAUSE)
        swap.result()


def make_template(account: Account, name: str) -> None:
    """Make it a template that nobody can connect to, so that it can always be copied."""
    statement = sql.SQL("ALTER DATABASE {} IS_TEMPLATE true ALLOW_CONNECTIONS false")
    _execute(account, statement.format(sql.Identifier(name)))


def set_comment(account: Account, name: str, text: str) -> None:
    """Write the database's comment, which goes where it goes when it is renamed."""
    statement = sql.SQL("COMMENT ON DATABASE {} IS {}")
    _execute(account, statement.format(sql.Identifier(name), sql.Literal(text)))


def comments(account: Account, names: Iterable[str]) -> dict[str, str | None]:
    """The comments of those of the databases that are there."""
    query = "SELECT datname, shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = ANY(%s)"
    connection = connect(account.url(MAINTENANCE))
    with closing(connection), connection.cursor() as cursor:
        cursor.execute(query, (list(names),))
        return dict(cursor.fetchall())


def _execute(account: Account, *statements: sql.Composable) -> None:
    connection = connect(account.url(MAINTENANCE))
    try:
        with closing(connection), connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
    except psycopg2.Error as error:
        raise EnvironmentFault(f"The database server refused: {str(error).strip()}.") from error
