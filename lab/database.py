"""Connect to PostgreSQL by a URL, without SQLAlchemy.

The first connection imports psycopg2, so that commands without a database start faster.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from lab.database_url import DatabaseUrl
from lab.errors import DatabaseUnreachable
from lab.sentences import sentence
from lab.workspace import Workspace

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

APPLICATION = "lab"
"""The default application_name of a connection."""


PLAIN = "SET search_path = public; SET statement_timeout = '60s'; SET lock_timeout = '10s'"
"""For questions whose answers count: the owner of a database can have changed its settings."""

OWN = "n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'lab')"
"""The condition that the schema n is part of the system under repair: `lab` records the applied fixes."""


def connect(url: str, *, application: str = APPLICATION, timeout: int = 15) -> Connection:
    """Open a connection in autocommit mode. Each address of the host has `timeout` seconds to accept it.

    Raises:
        DatabaseUnreachable: no server accepts the connection in time, or it refuses the role or the database.
        UsageError: `url` is not a PostgreSQL URL.
    """
    import psycopg2

    parsed = DatabaseUrl.parse(url)
    try:
        connection = psycopg2.connect(
            parsed.libpq,
            application_name=application,
            connect_timeout=timeout,
            client_encoding="UTF8",  # that of the database can be one that Python does not have
        )
    except psycopg2.OperationalError as error:
        reason = str(error).strip().partition("\n")[0] or "no reason given"
        problem = sentence(f"No connection to the database at {parsed}: {reason}")
        raise DatabaseUnreachable(problem, "Start the lab: lab up") from error
    connection.autocommit = True
    return connection


def connection_problem(url: str) -> str:
    """Return why no connection to `url`, which must be well-formed, can be opened; empty if one can."""
    try:
        connect(url).close()
    except DatabaseUnreachable as error:
        return error.message
    return ""


def workspace_url(workspace: Workspace) -> str:
    """Return the URL of the workspace's database: LAB_DATABASE_URL, else the one that `lab up` stored.

    Raises:
        DatabaseUnreachable: LAB_DATABASE_URL is not set, and no URL is stored or the workspace is a copy.
    """
    if url := os.environ.get("LAB_DATABASE_URL", "").strip():
        return url
    if workspace.copied_from is not None:
        raise DatabaseUnreachable(
            f"This workspace is a copy of {workspace.copied_from} and has no database of its own.",
            "Make one: lab down --destroy, then lab up --port-offset 100",
        )
    with suppress(OSError, UnicodeDecodeError):
        if url := workspace.database_url_file.read_text(encoding="utf-8").strip():
            return url
    raise DatabaseUnreachable("The lab is not up.", "Start it: lab up")
