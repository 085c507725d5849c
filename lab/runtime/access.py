"""Give a database back to its owner, whom a migration of the owner's has locked out of it."""

from contextlib import closing

import psycopg2
from psycopg2 import sql

from lab.database import connect
from lab.errors import DatabaseUnreachable
from lab.runtime.account import MONITOR, Account
from lab.runtime.databases import execute, rows, statement

LOCKED = "they lock the application out of its database"
TRIES = 3
"""Failures in a row before the migrations are blamed: a machine that is busy may fail once."""

OF_THE_SERVER = ("starting up", "shutting down", "recovery")
"""In a refusal that no migration can be blamed for."""

# Ordinary work takes some milliseconds, and writes. All names are qualified, because the owner can have made
# functions of the same names.
WORKS = """
SELECT pg_catalog.pg_sleep(0.05::pg_catalog.float8),
       pg_catalog.current_setting('transaction_read_only'::pg_catalog.text)
"""

END = """
SELECT pg_catalog.pg_terminate_backend(pid, 5000::pg_catalog.int8)
  FROM pg_catalog.pg_stat_activity WHERE datname = {} AND usename = {}
"""

SHUT_OUT = """
SELECT rolname FROM pg_roles
 WHERE rolcanlogin AND NOT rolsuper AND NOT has_database_privilege(rolname, {}, 'CONNECT') ORDER BY 1
"""


def regain(account: Account, database: str) -> str:
    """Return why no ordinary work is possible in the database any more; empty if it is.

    If it is not, the owner's password, the rights to connect and the settings become those of a new database.
    All sessions of the owner are ended first: they could use up the connections, or hold a lock on a role.
    On a server that lab made only. Raises EnvironmentFault: the server refuses something.
    """
    names = sql.Literal(database), sql.Literal(account.owner)
    execute(account, sql.SQL(END).format(*names))
    shut_out = rows(account, sql.SQL(SHUT_OUT).format(names[0]))
    if shut_out:
        _restore(account, database)
        return f"{LOCKED}: {shut_out[0][0]} may not connect"
    for role in (account.owner, MONITOR):
        url = account.role_url(database, role)
        if all(problem := _problem(url) for _ in range(TRIES)):
            _restore(account, database)
            return f"{LOCKED}: {problem}"
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
        sql.SQL("SET lock_timeout = '10s'"),
        statement("ALTER ROLE {} CONNECTION LIMIT -1 PASSWORD ", owner) + password,
        statement("ALTER ROLE {} RESET ALL", owner),
        statement("ALTER ROLE {} IN DATABASE {} RESET ALL", owner, database),
        statement("ALTER DATABASE {} RESET ALL", database),
        statement("ALTER DATABASE {} SET search_path = public", database),
        statement("ALTER DATABASE {} CONNECTION LIMIT -1 ALLOW_CONNECTIONS true", database),
        statement("GRANT CONNECT, TEMPORARY ON DATABASE {} TO PUBLIC, {}", database, owner),
    )
