"""The database that migrations run on: its address, and a connection to it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from alembic.util import CommandError

WORKSPACE = Path(__file__).resolve().parent.parent


def database_url() -> sa.URL:
    """LAB_DATABASE_URL, else what `.lab/database-url` in the workspace says.

    Raises:
        CommandError: neither is there, or it is no PostgreSQL URL.
    """
    given = os.environ.get("LAB_DATABASE_URL", "").strip()
    try:
        url = sa.make_url(given or _kept())
    except (sa.exc.ArgumentError, ValueError):  # the latter for a port that is no number
        raise _no_url(given) from None
    kind = url.drivername.partition("+")[0]
    if kind not in {"postgres", "postgresql"} or "@" in (url.host or ""):
        raise _no_url(given)
    return url.set(drivername="postgresql+psycopg2")


@contextmanager
def connection() -> Iterator[sa.Connection]:
    """A connection of its own, closed at the end of the block.

    Raises:
        CommandError: the database does not answer.
    """
    # Without a pool: nothing stays open that could keep the database from being copied or dropped.
    engine = sa.create_engine(database_url(), poolclass=sa.NullPool)
    try:
        opened = engine.connect()
    except sa.exc.DBAPIError as error:
        reason = str(error.orig).strip().partition("\n")[0] or "no reason given"
        raise CommandError(f"The database is out of reach. Is the lab up? Run `lab up`. ({reason})") from None
    with opened:
        yield opened


def _no_url(given: str) -> CommandError:
    # Without the text itself: it may hold a password.
    where, remedy = (
        ("LAB_DATABASE_URL", "Correct it.")
        if given
        else (".lab/database-url", "Run `lab up` to have it written anew.")
    )
    return CommandError(
        f"{where} is no PostgreSQL URL such as postgresql+psycopg2://user:password@host:port/name. {remedy}"
    )


def _kept() -> str:
    try:
        text = (WORKSPACE / ".lab" / "database-url").read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        text = ""
    if not text:
        raise CommandError("There is no database to migrate: run `lab up`, or set LAB_DATABASE_URL.")
    return text
