"""The fixes' and the candidate's migrations in the shadow's database, and indexes that no migration makes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

import psycopg2

from lab.database import APPLICATION, connect
from lab.engine.candidate_history import CandidateHistory
from lab.engine.migrations import Migrations
from lab.engine.schema import Schema
from lab.engine.watched import Watched
from lab.errors import DatabaseUnreachable, EnvironmentFault
from lab.sandbox import Means
from lab.workspace import Workspace

if TYPE_CHECKING:
    from lab.catalog import Fix
    from lab.shadow.server import ShadowServer

MIGRATION_TIMEOUT = 60.0
"""Seconds for the candidate's migrations. `findings.toml` quotes it to the reader."""

LOCK_TIMEOUT = 10.0
"""Seconds that a statement may wait for a lock."""

TOO_LATE = "the migrations did not end within"
"""The start of the clause for migrations that took too long; the clause for a failure starts differently."""

NO_MIGRATION = "An index of the running database is in no migration."

INDEXES = """
SELECT pg_get_indexdef(i.indexrelid)
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE i.indisvalid AND n.nspname = 'public'
"""


def add_rows(url: str, rows: str) -> None:
    """Run the SQL. Raises EnvironmentFault: the database refuses it."""
    try:
        with closing(connect(url)) as connection, connection.cursor() as cursor:
            cursor.execute(rows)
    except psycopg2.Error as error:
        raise EnvironmentFault(f"The rows for the contract cannot be added: {str(error).strip()}") from error


def apply_fixes(url: str, applied: tuple[Fix, ...]) -> None:
    """Run the revisions of the fixes, in this order.

    Raises:
        LabError: one of them failed. Those before it stay applied.
    """
    if not applied:
        return
    with closing(connect(url)) as connection:
        migrations = Migrations(url, Schema(connection, APPLICATION), LOCK_TIMEOUT)
        for fix in applied:
            migrations.upgrade(fix)


def migrate(
    code: Workspace, server: ShadowServer, means: Means, timeout: float = MIGRATION_TIMEOUT
) -> Watched:
    """Run the candidate's migrations behind a wall, and return what they did, and why they failed.

    They fail too if they have not all ended within `timeout` seconds, or lock the application out.

    Raises:
        DatabaseUnreachable: the statements of a migration that ran too long cannot be ended.
    """
    history = CandidateHistory(code.root, server.url, means, server.regain)
    return history.watched("upgrade", "head", timeout)


def problem_of(done: Watched) -> str:
    """Return a clause that says why the migrations failed; empty if they did not."""
    if done.failure is None:
        return ""
    if done.failure.late:
        return f"{TOO_LATE}{done.failure.reason.removeprefix('did not end within')}"
    place = f"{done.failure.file}, line {done.failure.line}: " if done.failure.file else ""
    return f"the migrations failed: {place}{done.failure.reason.rstrip('.')}"


def indexes_of(url: str) -> list[str]:
    """Return the SQL of the valid indexes in the schema `public`; none if the database is unreachable."""
    try:
        return _indexes(url)
    except DatabaseUnreachable:
        return []


def copy_indexes(url: str, live: Sequence[str]) -> Iterator[str]:
    """Create the indexes of `live` that the database at `url` lacks. Yield a sentence on the result of each.

    Indexes are compared without their names. Raises DatabaseUnreachable if the database cannot be read.
    """
    existing = {_nameless(definition) for definition in _indexes(url)}
    with closing(connect(url)) as connection, connection.cursor() as cursor:
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
    with closing(connect(url)) as connection, connection.cursor() as cursor:
        try:
            cursor.execute(INDEXES)
        except psycopg2.Error as error:
            raise DatabaseUnreachable(f"The database refused the query: {str(error).strip()}.") from error
        return sorted(definition for (definition,) in cursor.fetchall())


def _nameless(definition: str) -> str:
    return re.sub(r"^(CREATE (?:UNIQUE )?INDEX) .*? (ON )", r"\1 \2", definition, count=1)
