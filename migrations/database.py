"""The database that the migrations run in: its URL, and a connection to it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from alembic.util import CommandError

WORKSPACE = Path(__file__).resolve().parent.parent


def database_url() -> sa.URL:
    """Return LAB_DATABASE_URL or, if it is not set, the URL in the workspace's `.lab/database-url`.

    Raises:
        CommandError: there is no URL, or it is not a PostgreSQL URL.
    """
    given = os.environ.get("LAB_DATABASE_URL", "").strip()
    try:
        url = sa.make_url(given or _saved_url())
    except (sa.exc.ArgumentError, ValueError):  # ValueError: the port is not a number
        raise _no_url(given) from None
    kind = url.drivername.partition("+")[0]
    if kind not in {"postgres", "postgresql"} or "@" in (url.host or ""):
        raise _no_url(given)
    return url.set(drivername="postgresql+psycopg2")


@contextmanager
def connection() -> Iterator[sa.Connection]:
    """Open a connection, and close it at the end of the block.

    Raises:
        CommandError: the database cannot be reached.
    """
    # No pool: a connection that stays open would keep the database from being copied or dropped.
    engine = sa.create_engine(database_url(), poolclass=sa.NullPool)
    try:
        opened = engine.connect()
    except sa.exc.DBAPIError as error:
        reason = str(error.orig).strip().partition("\n")[0] or "no reason given"
        raise CommandError(f"The database cannot be reached. Run `lab up`. ({reason})") from None
    with opened:
        yield opened


def _no_url(given: str) -> CommandError:
    # The message leaves out the text: it may contain a password.
    where, remedy = (
        ("LAB_DATABASE_URL", "Correct it.")
        if given
        else (".lab/database-url", "Run `lab up` to write it again.")
    )
    return CommandError(
        f"{where} is not a PostgreSQL URL such as postgresql://user:password@host:port/name. {remedy}"
    )


def _saved_url() -> str:
    try:
        text = (WORKSPACE / ".lab" / "database-url").read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        text = ""
    if not text:
        raise CommandError("There is no database to migrate: run `lab up` or set LAB_DATABASE_URL.")
    return text
