"""Connect to PostgreSQL by a URL, without SQLAlchemy.

The first connection imports psycopg2, so that commands without a database start faster.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from lab.database_url import DatabaseUrl
from lab.errors import DatabaseUnreachable
from lab.workspace import Workspace

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

APPLICATION = "lab"
"""The default application_name of a connection."""


def connect(url: str, *, application: str = APPLICATION, timeout: int = 5) -> Connection:
    """Open a connection in autocommit mode, within `timeout` seconds.

    Raises:
        DatabaseUnreachable: no server answers, or it refuses the connection.
        UsageError: `url` is not a PostgreSQL URL.
    """
    import psycopg2

    parsed = DatabaseUrl.parse(url)
    try:
        connection = psycopg2.connect(parsed.libpq, application_name=application, connect_timeout=timeout)
    except psycopg2.OperationalError as error:
        reason = str(error).strip().partition("\n")[0] or "no reason given"
        raise DatabaseUnreachable(
            f"The database at {parsed} does not answer: {reason}.", "Start the lab: lab up"
        ) from error
    connection.autocommit = True
    return connection


def connection_problem(url: str) -> str:
    """Return why no connection can be opened; empty if one can."""
    try:
        connect(url).close()
    except DatabaseUnreachable as error:
        return error.message
    return ""


def workspace_url(workspace: Workspace, environ: Mapping[str, str] = os.environ) -> str:
    """Return the URL of the workspace's database: LAB_DATABASE_URL, else the one that `lab up` stored.

    Raises:
        DatabaseUnreachable: neither exists, or the stored one came with a copied workspace.
    """
    url = environ.get("LAB_DATABASE_URL", "").strip()
    if not url:
        if workspace.copied_from is not None:
            raise DatabaseUnreachable(
                f"This workspace is a copy of {workspace.copied_from} and still has its database URL.",
                "Make a database of its own: lab down --destroy, then lab up --port-offset 100",
            )
        try:
            url = workspace.database_url_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            url = ""
    if not url:
        raise DatabaseUnreachable("The lab is not up.", "Start it: lab up")
    return url
