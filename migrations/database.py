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
        CommandError: neither is there, or it is no database URL.
    """
    text = os.environ.get("LAB_DATABASE_URL", "").strip() or _kept()
    try:
        url = sa.make_url(text)
    except sa.exc.ArgumentError:
        raise CommandError(
            "This is not a database URL such as postgresql+psycopg2://user:password@host:port/name: "
            f"{text!r}. Correct LAB_DATABASE_URL, or run `lab up` to have .lab/database-url written anew."
        ) from None
    if url.drivername in {"postgres", "postgresql"}:
        return url.set(drivername="postgresql+psycopg2")
    return url


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
    except sa.exc.OperationalError as error:
        reason, *_ = str(error.orig).splitlines()
        raise CommandError(f"The database is out of reach. Is the lab up? Run `lab up`. ({reason})") from None
    with opened:
        yield opened


def _kept() -> str:
    try:
        text = (WORKSPACE / ".lab" / "database-url").read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        text = ""
    if not text:
        raise CommandError("There is no database to migrate: run `lab up`, or set LAB_DATABASE_URL.")
    return text
