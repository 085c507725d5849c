"""Connect to PostgreSQL by the URL that Alembic and the services use, without loading SQLAlchemy.

psycopg2 is loaded by the first connection, so that `lab --help` never pays for it.
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
"""The application_name of lab's own connections, unless a caller names another."""


def connect(url: str, *, application: str = APPLICATION, timeout: int = 5) -> Connection:
    """Open a connection in autocommit mode; `timeout` bounds the attempt, in seconds.

    Raises:
        DatabaseUnreachable: nobody answers, or the server refuses us.
        UsageError: it is no PostgreSQL URL.
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


def workspace_url(workspace: Workspace, environ: Mapping[str, str] = os.environ) -> str:
    """The URL of the workspace's database: LAB_DATABASE_URL, else what `lab up` wrote there.

    Raises:
        DatabaseUnreachable: neither is there.
    """
    url = environ.get("LAB_DATABASE_URL", "").strip()
    if not url:
        if workspace.copied_from is not None:
            raise DatabaseUnreachable(
                f"This workspace is a copy of {workspace.copied_from}, whose database is not this one's.",
                "Begin with one of its own: lab down --destroy, then lab up --port-offset 100",
            )
        try:
            url = workspace.database_url_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            url = ""
    if not url:
        raise DatabaseUnreachable("The lab is not up.", "Start it: lab up")
    return url
