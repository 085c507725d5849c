"""The roles of a server that lab made, their passwords, and what they may see of each other."""

import itertools
import re
from contextlib import closing, suppress
from dataclasses import replace

import psycopg2
from psycopg2 import sql

from lab.database import connect, connection_problem
from lab.errors import EnvironmentFault
from lab.runtime.account import MAINTENANCE, MONITOR, Account
from lab.runtime.databases import execute, rows, statement
from lab.sentences import sentence

SESSION_FUNCTIONS = r"""
SELECT oid::regprocedure::text FROM pg_proc
 WHERE pronamespace = 'pg_catalog'::regnamespace
   AND (proname LIKE 'pg\_stat\_get\_backend%' OR proname IN (
        'pg_stat_get_activity', 'pg_stat_get_db_numbackends', 'pg_lock_status', 'pg_blocking_pids'))
"""


CONSTANT = re.compile(r"'[^']*'|\b\d+\b")
"""What pg_stat_statements shows as $1, $2 and so on."""


def make_owner(account: Account) -> None:
    """Make the role that owns the databases and the monitor, if they are missing.

    The owner sees what other roles' sessions do, as `lab psql` needs to find a lock's holder, but cannot end
    them. https://www.postgresql.org/docs/current/predefined-roles.html
    """
    exists = {name for (name,) in rows(account, "SELECT rolname FROM pg_roles")}
    if account.owner not in exists:
        execute(
            account,
            statement("CREATE ROLE {} LOGIN PASSWORD ", account.owner)
            + sql.Literal(account.password_of(account.owner)),
        )
    if MONITOR not in exists:
        execute(account, statement("CREATE ROLE {} LOGIN", MONITOR))
    execute(
        account,
        statement("GRANT pg_read_all_stats TO {}", account.owner),
        statement("GRANT {}, pg_read_all_stats TO {}", account.owner, MONITOR),
        statement("REVOKE CONNECT ON DATABASE {} FROM PUBLIC", MAINTENANCE),
    )


def hide_sessions(account: Account, name: str) -> None:
    """In this database, let only its owner see what other sessions do: no service needs it.

    A service that counts connections or locks could tell a measurement from people's use.
    https://www.postgresql.org/docs/current/monitoring-stats.html (per-backend statistics functions)
    """
    connection = connect(account.url(name))
    try:
        with closing(connection), connection.cursor() as cursor:
            cursor.execute(SESSION_FUNCTIONS)
            for (function,) in cursor.fetchall():
                cursor.execute(sql.SQL("REVOKE EXECUTE ON FUNCTION {} FROM PUBLIC").format(sql.SQL(function)))
                grant = sql.SQL("GRANT EXECUTE ON FUNCTION {} TO {}")
                cursor.execute(grant.format(sql.SQL(function), sql.Identifier(account.owner)))
    except psycopg2.Error as error:
        raise EnvironmentFault(
            sentence(f"The server refused to hide its sessions: {str(error).strip()}")
        ) from error


def observe_statements(account: Account) -> None:
    """Make pg_stat_statements readable in the maintenance database, if the server has it."""
    with suppress(EnvironmentFault):
        execute(account, sql.SQL("CREATE EXTENSION IF NOT EXISTS pg_stat_statements"))


def forget_statements(account: Account) -> None:
    """Delete the statistics of the statements so far, if the server has them."""
    with suppress(EnvironmentFault):
        execute(account, sql.SQL("SELECT pg_stat_statements_reset()"))


def forget_statement(account: Account, text: str) -> None:
    """Delete the statistics of one statement, which has this text but for its constants."""
    numbers = itertools.count(1)
    normal = CONSTANT.sub(lambda _: f"${next(numbers)}", text).strip()
    with suppress(EnvironmentFault):
        reset = "SELECT pg_stat_statements_reset(userid, dbid, queryid) FROM pg_stat_statements"
        execute(account, sql.SQL(f"{reset} WHERE query = {{}}").format(sql.Literal(normal)))


def set_passwords(account: Account, first: str) -> None:
    """Give the superuser its own password in place of `first`, and each login role the one derived from it.

    It can be repeated: then the superuser has its own password already.
    """
    own = replace(account, password=first)
    if connection_problem(own.url(MAINTENANCE)):
        own = account
    found = [name for (name,) in rows(own, "SELECT rolname FROM pg_roles WHERE rolcanlogin AND NOT rolsuper")]
    new = {**{name: account.password_of(name) for name in found}, account.user: account.password}
    alter = [statement("ALTER ROLE {} PASSWORD ", name) + sql.Literal(text) for name, text in new.items()]
    execute(own, statement("BEGIN"), *alter, statement("COMMIT"))
