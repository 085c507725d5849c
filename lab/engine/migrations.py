"""Run the revisions of the library's history. The only module that imports alembic, and only when needed.

Each fix is a branch. While it is applied, it has a row in `lab.fix_version`, as `alembic -n fixes` writes it.
The workspace's env.py is not used: no code of the workspace runs inside `lab`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from select import select
from typing import TYPE_CHECKING, Any

from lab.catalog import Fix
from lab.database import connect
from lab.engine.schema import VERSION_SCHEMA, VERSION_TABLE, Schema, set_timeouts
from lab.engine.verb import Verb
from lab.errors import DatabaseUnreachable, LabError, Refused, TimedOut
from lab.sentences import sentence

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory
    from psycopg2.extensions import connection as Connection
    from sqlalchemy import Connection as SqlConnection
    from sqlalchemy import Engine

LOCK_NOT_AVAILABLE = "55P03"
ADMIN_SHUTDOWN = {"57P01", "57P02", "57P03"}
VERSION_TABLE_SQL = re.compile(rf"CREATE TABLE {VERSION_SCHEMA}\.{VERSION_TABLE} .*?;\n+", re.DOTALL)
TRANSACTION = re.compile(r"^(?:BEGIN|COMMIT);$", re.MULTILINE)
CONCURRENTLY = re.compile(r"\bINDEX CONCURRENTLY\b")

Revisions = Callable[["ScriptDirectory", Any], "Iterable[Any]"]
"""Returns the revisions to run, given the fix's history and the revisions that are recorded."""


@dataclass(frozen=True, slots=True)
class Migrations:
    """Upgrades and downgrades fixes in one database. `lock_timeout` is in seconds."""

    url: str
    schema: Schema
    lock_timeout: float

    def upgrade(self, fix: Fix) -> None:
        """Run the fix's revision and record it. Do nothing if it is recorded.

        After an error, only what ran outside a transaction (CONCURRENTLY) stays in the database.

        Raises:
            Refused: the revision failed, or `lab.fix_version` does not match the library.
            TimedOut: a statement waited for a lock for more than `lock_timeout` seconds.
            DatabaseUnreachable: the connection could not be made, or was lost.
        """
        self._run(fix, _revisions(fix, Verb.APPLY))

    def downgrade(self, fix: Fix) -> None:
        """Downgrade the fix's revision and delete its record, if it is recorded. Raises as `upgrade` does."""
        self._run(fix, _revisions(fix, Verb.REVERT))

    def record(self, fix: Fix) -> None:
        """Record the revision without running it. Raises as `upgrade` does."""
        self._run(fix, lambda script, heads: script._stamp_revs((fix.revision,), heads))

    def _run(self, fix: Fix, revisions: Revisions) -> None:
        from alembic.util import CommandError
        from sqlalchemy import exc, text

        started = time.monotonic()
        try:
            with _interruptible(), self._engine().connect() as connection:
                connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {VERSION_SCHEMA}"))
                connection.commit()
                _run_revisions(fix, revisions, connection)
        except exc.DBAPIError as error:
            raise self._failure(fix, error.orig, time.monotonic() - started) from error
        except CommandError as error:
            raise Refused(
                sentence(
                    f"{VERSION_SCHEMA}.{VERSION_TABLE} in the database does not match the library: {error}"
                ),
                "Restore the folder of that revision's fix, or delete its row from the table.",
            ) from error

    def _engine(self) -> Engine:
        from sqlalchemy import NullPool, create_engine

        def new_connection() -> Any:
            connection = connect(self.url, application=self.schema.application)
            with connection.cursor() as cursor:
                cursor.execute("SET statement_timeout = 0")
            set_timeouts(connection, self.lock_timeout)
            connection.autocommit = False
            return connection

        return create_engine("postgresql+psycopg2://", creator=new_connection, poolclass=NullPool)

    def _failure(self, fix: Fix, cause: BaseException | None, seconds: float) -> BaseException:
        code = getattr(cause, "pgcode", None)
        reason = (str(cause).strip().splitlines() or ["no reason given"])[0]
        if code == LOCK_NOT_AVAILABLE:
            return TimedOut(
                f"The migration of fix {fix.number} did not get a lock within {seconds:.1f} s. "
                f"Open transactions: {self.schema.open_transactions()}.",
                "End the one that holds the lock, if it still runs, then try again.",
            )
        if code is None or code in ADMIN_SHUTDOWN:
            return DatabaseUnreachable(
                sentence(f"The connection to the database was lost: {reason}"),
                "See lab status, then try again.",
            )
        see = f"See its SQL: lab fix show {fix.number} --sql"
        return Refused(sentence(f"The migration of fix {fix.number} failed: {reason}"), see)


def sql_of(fix: Fix, verb: Verb) -> str:
    """Return the SQL that `verb` runs, without a database. Raises Refused if the migration's code fails."""
    written, start = StringIO(), None if verb is Verb.APPLY else fix.revision
    options = {"starting_rev": start, "literal_binds": True, "output_buffer": written}
    _run_revisions(fix, _revisions(fix, verb), None, as_sql=True, **options)
    return VERSION_TABLE_SQL.sub("", written.getvalue()).strip() + "\n"


def in_one_transaction(sql: str) -> str:
    """Return SQL of `sql_of` changed so that all of it can run in a transaction of the caller."""
    return CONCURRENTLY.sub("INDEX", TRANSACTION.sub("", sql))


def _revisions(fix: Fix, verb: Verb) -> Revisions:
    if verb is Verb.APPLY:
        return lambda script, heads: script._upgrade_revs(f"{fix.label}@head", heads)
    return lambda script, heads: script._downgrade_revs(f"{fix.label}@base", heads)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let ^C cancel the running statement, then raise KeyboardInterrupt; libpq alone would wait for its end.

    psycopg2's own wait_select doesn't say whether ^C was the reason, and forgets one that comes late.
    https://www.psycopg.org/docs/advanced.html#support-for-coroutine-libraries
    """
    from psycopg2.extensions import POLL_OK, POLL_READ, get_wait_callback, set_wait_callback

    pressed = False

    def wait(connection: Connection) -> None:
        nonlocal pressed
        while True:
            try:
                state = connection.poll()
                if state == POLL_OK:
                    return
                reading = state == POLL_READ
                select([connection] if reading else [], [] if reading else [connection], [])
            except KeyboardInterrupt:
                pressed = True
                connection.cancel()

    before = get_wait_callback()
    set_wait_callback(wait)
    try:
        yield
    except Exception as error:
        if pressed:
            raise KeyboardInterrupt from error
        raise
    finally:
        set_wait_callback(before)
    if pressed:
        raise KeyboardInterrupt


def _run_revisions(fix: Fix, revisions: Revisions, connection: SqlConnection | None, **options: Any) -> None:
    """Run revisions of this fix alone, so that a mistake in another folder doesn't matter."""
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError
    from sqlalchemy.exc import DBAPIError

    def steps(recorded: str | tuple[str, ...] | None, _: object) -> Iterable[Any]:
        names = (recorded,) if isinstance(recorded, str) else recorded or ()
        return revisions(script, tuple(name for name in names if name in known))

    options |= {"fn": steps, "version_table": VERSION_TABLE, "version_table_schema": VERSION_SCHEMA}
    options["transaction_per_migration"] = True
    try:
        script = ScriptDirectory(str(fix.folder), version_locations=[str(fix.folder)])
        known = {revision.revision for revision in script.walk_revisions()}
        context = MigrationContext.configure(connection, dialect_name="postgresql", opts=options)
        with Operations.context(context), context.begin_transaction():
            context.run_migrations()
    except (LabError, CommandError, DBAPIError):
        raise
    except Exception as error:
        raise Refused(
            sentence(f"The migration of fix {fix.number} failed: {type(error).__name__}: {error}"),
            f"See {fix.folder / 'migration.py'}.",
        ) from error
