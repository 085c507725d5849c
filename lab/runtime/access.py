"""Give a database back to its owner, whom a migration of the owner's has locked out of it."""

from contextlib import closing

import psycopg2
from psycopg2 import sql

from lab.database import connect
from lab.errors import DatabaseUnreachable
from lab.runtime.account import MONITOR, Account
from lab.runtime.databases import execute, statement

TRIES = 3
"""Failures in a row before the migrations are blamed: a machine that is busy may fail once."""

OF_THE_SERVER = ("starting up", "shutting down", "recovery", "too many clients", "connection slots")
"""In a refusal that no migration can be blamed for."""

# Ordinary work takes some milliseconds, and writes.
WORKS = "SELECT pg_sleep(0.05), current_setting('transaction_read_only')"


def regain(account: Account, database: str) -> str:
    """Return why no ordinary work is possible in the database any more; empty if it is.

    If it is not, passwords, rights to connect and settings become those of a new database. On a server that
    lab made only. Raises EnvironmentFault: the server refuses that.
    """
    for role in (account.owner, MONITOR):
        url = account.role_url(database, role)
        if all(problem := _problem(url) for _ in range(TRIES)):
            _restore(account, database)
            return f"they lock the application out of its database: {problem}"
    return ""


def _problem(url: str) -> str:
    try:
        with closing(connect(url)) as connection, connection.cursor() as cursor:
            cursor.execute(WORKS)
            ((_, read_only),) = cursor.fetchall()
    except DatabaseUnreachable as error:
        _, fatal, reason = error.message.partition("FATAL:")
        is_refusal = fatal and not any(text in reason for text in OF_THE_SERVER)
        return reason.strip().rstrip(".") if is_refusal else ""
    except psycopg2.Error as error:
        return str(error).strip().partition("\n")[0]
    return "it can only be read" if read_only == "on" else ""


def _restore(account: Account, database: str) -> None:
    owner = account.owner
    password = sql.Literal(account.password_of(owner))
    execute(
        account,
        statement("ALTER ROLE {} CONNECTION LIMIT -1 PASSWORD ", owner) + password,
        statement("ALTER ROLE {} RESET ALL", owner),
        statement("ALTER ROLE {} IN DATABASE {} RESET ALL", owner, database),
        statement("ALTER DATABASE {} RESET ALL", database),
        statement("ALTER DATABASE {} SET search_path = public", database),
        statement("ALTER DATABASE {} CONNECTION LIMIT -1 ALLOW_CONNECTIONS true", database),
        statement("GRANT CONNECT ON DATABASE {} TO {}, {}", database, owner, MONITOR),
    )
