"""Database access: one SQLAlchemy engine per process, one session per transaction."""

import logging
import os
from contextlib import AbstractContextManager

import sqlalchemy as sa
from flask import Flask, current_app
from sqlalchemy import orm

CONNECT_SECONDS = 5

_EXTENSION = "lab.sessions"
_TRUE = frozenset({"1", "true", "yes", "on"})


class Base(orm.DeclarativeBase):
    """Base of all models. The naming convention gives models and migrations the same names."""

    metadata = sa.MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )


def connect(app: Flask, service: str) -> None:
    """Create an engine for DATABASE_URL and register it with `app`. It connects on first use.

    `service` is the application name that pg_stat_activity shows.
    """
    if os.environ.get("SQLALCHEMY_ECHO", "").strip().lower() in _TRUE:
        # Set the logger's level. echo=True would add a second handler and print each line twice.
        logging.getLogger("sqlalchemy.engine").setLevel(logging.INFO)
    engine = sa.create_engine(
        _with_driver(os.environ["DATABASE_URL"]),
        pool_pre_ping=True,
        connect_args={
            "application_name": service,
            "connect_timeout": CONNECT_SECONDS,
            # Columns store UTC without a time zone, so now() must return UTC on every server.
            "options": "-c timezone=UTC",
        },
    )
    app.extensions[_EXTENSION] = orm.sessionmaker(engine, expire_on_commit=False)


def transaction() -> AbstractContextManager[orm.Session]:
    """Return a context manager for a session. It commits at the end of the block; an exception rolls back."""
    sessions: orm.sessionmaker[orm.Session] = current_app.extensions[_EXTENSION]
    return sessions.begin()


def _with_driver(url: str) -> sa.URL:
    parsed = sa.make_url(url)
    if parsed.drivername in {"postgres", "postgresql"}:
        return parsed.set(drivername="postgresql+psycopg2")
    return parsed
