"""The shadow's database: a copy of the template, with the fixes' and the candidate's migrations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING

import psycopg2
from psycopg2 import sql

from lab.database import connect
from lab.database_url import DatabaseUrl
from lab.engine import candidate
from lab.engine.migrations import Migrations
from lab.engine.schema import Schema
from lab.errors import DatabaseUnreachable, EnvironmentFault, InvalidFile, LabError, TimedOut
from lab.profile import profile_of
from lab.runtime import databases
from lab.runtime.account import Account
from lab.shadow.leftovers import Reservation
from lab.shell import IMPORTS_FROM_FOLDER, argv_of, run
from lab.workspace import Workspace

if TYPE_CHECKING:
    from psycopg2.extensions import cursor as Cursor

    from lab.catalog import Fix

APPLICATION = "lab shadow"
MIGRATION_TIMEOUT = 60.0
TOP_UP_TIMEOUT = 300.0
LOCK_TIMEOUT = 10.0
"""Seconds that a statement may wait for a lock."""

NO_MIGRATION = "An index of the running database is in no migration."

LESS_LOGGING = """
ALTER DATABASE {0} SET log_min_duration_statement = -1;
ALTER DATABASE {0} SET log_lock_waits = off;
ALTER DATABASE {0} SET deadlock_timeout = '1s'
"""
INDEXES = """
SELECT pg_get_indexdef(i.indexrelid)
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE i.indisvalid AND n.nspname = 'public'
"""
END_OTHER_SESSIONS = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def copy_template(account: Account, template: str, reserved: Reservation, workspace: Workspace) -> str:
    """Copy the database `template` to the reserved one, and return the copy's URL for its owner.

    It gets the rows that lab.toml asks for. The comment of the copy names `workspace`.

    Raises:
        EnvironmentFault: there is no template, or the server refuses. The copy may exist.
        InvalidFile: the template lacks the table whose rows lab.toml asks for.
    """
    name = reserved.database
    databases.create(account, name, template=template)
    databases.set_comment(account, name, reserved.comment(workspace))
    url = account.url(name)
    with closing(connect(url, application=APPLICATION)) as connection, connection.cursor() as cursor:
        # Slow statements and lock waits of a measurement would fill the log of the lab.
        cursor.execute(sql.SQL(LESS_LOGGING).format(sql.Identifier(name)))
        _top_up(cursor, workspace, url)
    return url


def _top_up(cursor: Cursor, workspace: Workspace, url: str) -> None:
    """Add the rows that symptoms need, by the command of the library."""
    if (wanted := profile_of(workspace).top_up) is None:
        return
    try:
        cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(wanted.table)))
    except psycopg2.errors.UndefinedTable as error:
        problem = f"measurement.table: {wanted.table!r} is not in the database"
        raise InvalidFile(workspace.library.profile, [problem]) from error
    (count,) = cursor.fetchone() or (0,)
    if count >= wanted.rows:
        return
    words = [word.format(rows=wanted.rows) for word in wanted.command]
    environment = {"LAB_DATABASE_URL": DatabaseUrl.parse(url).libpq, **IMPORTS_FROM_FOLDER}
    finished = run(argv_of(words), cwd=workspace.library.root, env=environment, timeout=TOP_UP_TIMEOUT)
    if finished.code != 0:
        raise EnvironmentFault(f"The rows for the measurement could not be made: {finished.last_line}")


def apply_fixes(url: str, applied: tuple[Fix, ...]) -> None:
    """Run the revisions of the fixes, in this order.

    Raises:
        LabError: one of them failed. Those before it stay applied.
    """
    if not applied:
        return
    with closing(connect(url, application=APPLICATION)) as connection:
        migrations = Migrations(url, Schema(connection, APPLICATION), LOCK_TIMEOUT)
        for fix in applied:
            migrations.upgrade(fix)


def migrate(code: Workspace, url: str, timeout: float = MIGRATION_TIMEOUT) -> str:
    """Run the candidate's migrations, and return why they failed; empty if they succeeded.

    They fail too if they have not all ended within `timeout` seconds.

    Raises:
        DatabaseUnreachable: the statements of a migration that ran too long cannot be ended.
    """
    try:
        candidate.upgrade(code, url, timeout=timeout)
    except TimedOut:
        with closing(connect(url, application=APPLICATION)) as connection, connection.cursor() as cursor:
            cursor.execute(END_OTHER_SESSIONS)  # the killed client's statement still runs in the server
        return f"the migrations did not end within {timeout:g} s"
    except LabError as error:
        return "the migrations failed: " + error.message.partition(": ")[2].rstrip(".")
    return ""


def indexes_of(url: str) -> list[str]:
    """Return the SQL of the valid indexes in the schema `public`; none if the database is unreachable."""
    try:
        return _indexes(url)
    except DatabaseUnreachable:
        return []


def copy_indexes(url: str, live: list[str]) -> Iterator[str]:
    """Create the indexes of `live` that the database at `url` lacks. Yield a sentence on the result of each.

    Indexes are compared without their names. Raises DatabaseUnreachable if the database cannot be read.
    """
    existing = {_nameless(definition) for definition in _indexes(url)}
    with closing(connect(url, application=APPLICATION)) as connection, connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = '{LOCK_TIMEOUT:g}s'")
        for definition in live:
            if _nameless(definition) in existing:
                continue
            try:
                cursor.execute(definition)
            except psycopg2.Error as error:
                reason = str(error).strip().splitlines()[0]
                yield f"{NO_MIGRATION} It could not be copied ({reason}): {definition}"
            else:
                yield f"{NO_MIGRATION} It was copied: {definition}"


def _indexes(url: str) -> list[str]:
    with closing(connect(url, application=APPLICATION)) as connection, connection.cursor() as cursor:
        try:
            cursor.execute(INDEXES)
        except psycopg2.Error as error:
            raise DatabaseUnreachable(f"The database refused the query: {str(error).strip()}.") from error
        return sorted(definition for (definition,) in cursor.fetchall())


def _nameless(definition: str) -> str:
    return re.sub(r"^(CREATE (?:UNIQUE )?INDEX) .*? (ON )", r"\1 \2", definition, count=1)
