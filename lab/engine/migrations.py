"""Run the revisions of the library's own history. The only file that imports alembic, and only when needed.

Each fix is a branch of its own with a version row in `lab.fix_version`, as `alembic -n fixes` keeps it. The
workspace's env.py is not used: nothing of the code under repair runs inside `lab`, or can break it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from select import select
from typing import TYPE_CHECKING, Any

from lab.catalog import Fix
from lab.database import connect
from lab.engine.schema import VERSION_SCHEMA, VERSION_TABLE, Schema
from lab.errors import DatabaseUnreachable, LabError, Refused, TimedOut

if TYPE_CHECKING:
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory
    from psycopg2.extensions import connection as Connection
    from sqlalchemy import Engine

LOCK_NOT_AVAILABLE = "55P03"
ADMIN_SHUTDOWN = {"57P01", "57P02", "57P03"}
VERSION_TABLE_SQL = re.compile(rf"CREATE TABLE {VERSION_SCHEMA}\.{VERSION_TABLE} .*?;\n+", re.DOTALL)

Revisions = Callable[["ScriptDirectory", Any], "Iterable[Any]"]
"""The steps to run, from the history and the revisions that are recorded."""


@dataclass(frozen=True, slots=True)
class Migrations:
    """Takes fixes up and down in one database."""

    url: str
    schema: Schema
    lock_timeout: float

    def upgrade(self, fix: Fix) -> None:
        """Run the fix's revision and record it; nothing is done if it is recorded.

        Raises:
            Refused: the revision failed; what it did in a transaction is undone.
            TimedOut: it waited too long for a lock.
        """
        self._run(fix, lambda script, heads: script._upgrade_revs(f"{fix.label}@head", heads))

    def downgrade(self, fix: Fix) -> None:
        """Take the fix's revision back and its record away; nothing is done if it is not recorded.

        Raises:
            Refused: the revision failed.
            TimedOut: it waited too long for a lock.
        """
        self._run(fix, lambda script, heads: script._downgrade_revs(f"{fix.label}@base", heads))

    def record(self, fix: Fix) -> None:
        """Record the revision without running it."""
        self._run(fix, lambda script, heads: script._stamp_revs((fix.revision,), heads))

    def _run(self, fix: Fix, revisions: Revisions) -> None:
        from alembic.util import CommandError
        from sqlalchemy import exc, text

        try:
            with (
                _interruptible(),
                _environment(fix, revisions) as context,
                self._engine().connect() as connection,
            ):
                connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {VERSION_SCHEMA}"))
                connection.commit()
                _configure(context, connection=connection)
                with context.begin_transaction():
                    context.run_migrations()
        except exc.DBAPIError as error:
            raise self._failure(fix, error.orig) from error
        except CommandError as error:
            raise Refused(
                f"{VERSION_SCHEMA}.{VERSION_TABLE} in the database does not match the library: {error}.",
                "Put the folder of that fix back, or take its row away.",
            ) from error

    def _engine(self) -> Engine:
        from sqlalchemy import NullPool, create_engine

        def session() -> Any:
            connection = connect(self.url, application=self.schema.application)
            with connection.cursor() as cursor:
                cursor.execute("SET statement_timeout = 0")
            self.schema.prepare(connection, self.lock_timeout)
            connection.autocommit = False
            return connection

        return create_engine("postgresql+psycopg2://", creator=session, poolclass=NullPool)

    def _failure(self, fix: Fix, cause: BaseException | None) -> BaseException:
        code = getattr(cause, "pgcode", None)
        said = (str(cause).strip().splitlines() or ["no reason given"])[0]
        if code == LOCK_NOT_AVAILABLE:
            return TimedOut(
                f"The migration of fix {fix.number} waited {self.lock_timeout:g} s for a lock: "
                f"{self.schema.blocking_transactions(self.lock_timeout)}.",
                "End that transaction, then try again.",
            )
        if code is None or code in ADMIN_SHUTDOWN:
            return DatabaseUnreachable(f"The database went away: {said}.", "See lab status, then try again.")
        return Refused(f"The migration of fix {fix.number} failed: {said}.", "See lab fix show --sql.")


def upgrade_sql(fix: Fix) -> str:
    """What applying the fix runs in the database."""
    return _sql(fix, lambda script, heads: script._upgrade_revs(f"{fix.label}@head", heads), None)


def downgrade_sql(fix: Fix) -> str:
    """What reverting the fix runs in the database."""
    start = fix.revision
    return _sql(fix, lambda script, heads: script._downgrade_revs(f"{fix.label}@base", heads), start)


def _sql(fix: Fix, revisions: Revisions, start: str | None) -> str:
    written = StringIO()
    with _environment(fix, revisions, as_sql=True, starting_rev=start) as context:
        _configure(context, dialect_name="postgresql", literal_binds=True, output_buffer=written)
        with context.begin_transaction():
            context.run_migrations()
    return VERSION_TABLE_SQL.sub("", written.getvalue()).strip() + "\n"


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let ^C cancel a statement, and end the block: libpq alone would wait for the server's answer first.

    psycopg2's own wait_select does not tell whether it was ^C that cancelled, and forgets one that came late.
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


@contextmanager
def _environment(fix: Fix, revisions: Revisions, **options: Any) -> Iterator[EnvironmentContext]:
    """The history of the one fix, in which no other's folder can break anything.

    Raises:
        Refused: its file, or something in it, raised what Alembic and SQLAlchemy have no name for.
    """
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError
    from sqlalchemy.exc import DBAPIError

    try:
        script = ScriptDirectory(str(fix.folder), version_locations=[str(fix.folder)])
        known = {revision.revision for revision in script.walk_revisions()}

        def steps(recorded: Any, _: object) -> Iterable[Any]:
            names = (recorded,) if isinstance(recorded, str) else recorded
            return revisions(script, tuple(name for name in names if name in known))

        with EnvironmentContext(Config(), script, fn=steps, **options) as context:
            yield context
    except (LabError, CommandError, DBAPIError):
        raise
    except Exception as error:
        raise Refused(
            f"The migration of fix {fix.number} failed: {type(error).__name__}: {error}.",
            f"See {fix.folder / 'migration.py'}.",
        ) from error


def _configure(context: EnvironmentContext, **options: Any) -> None:
    context.configure(
        version_table=VERSION_TABLE,
        version_table_schema=VERSION_SCHEMA,
        transaction_per_migration=True,
        **options,
    )
