"""Connect to PostgreSQL by the URL that Alembic and the services use, without loading SQLAlchemy.

psycopg2 is loaded by the first connection, so that `lab --help` never pays for it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from lab.errors import DatabaseUnreachable, UsageError
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

    try:
        connection = psycopg2.connect(libpq_url(url), application_name=application, connect_timeout=timeout)
    except psycopg2.ProgrammingError:  # its text may quote the password
        raise _no_url() from None
    except psycopg2.OperationalError as error:
        reason = str(error).strip().partition("\n")[0] or "no reason given"
        raise DatabaseUnreachable(
            f"The database at {without_password(url)} does not answer: {reason}.", "Start the lab: lab up"
        ) from error
    connection.autocommit = True
    return connection


def libpq_url(url: str) -> str:
    """The same URL without SQLAlchemy's driver name, as libpq and psql take it.

    Raises:
        UsageError: it is no PostgreSQL URL; the message leaves it out, for the password in it.
    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.partition("+")[0] not in {"postgresql", "postgres"}:
        raise _no_url()
    try:
        parts = urlsplit(url)
        well_formed = parts.netloc.count("@") <= 1 and parts.port != 0
    except ValueError:  # a port that is no number, a bracket that is not closed
        well_formed = False
    if not well_formed:
        raise _no_url()
    return f"postgresql://{rest}"


def with_database(url: str, database: str) -> str:
    """The same server and role, another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{quote(database)}"))


def database_name(url: str) -> str:
    return unquote(urlsplit(url).path.lstrip("/"))


def without_password(url: str) -> str:
    """Fit for a message: where, but not as whom."""
    parts = urlsplit(url)
    return f"{parts.hostname or 'localhost'}:{parts.port or 5432}/{parts.path.lstrip('/')}"


def _no_url() -> UsageError:
    return UsageError(
        "The address of the database is not a PostgreSQL URL.",
        "Write it as postgresql://user:password@host:port/database, with %40 for an @ in the password.",
    )


def workspace_url(workspace: Workspace, environ: Mapping[str, str] = os.environ) -> str:
    """The URL of the workspace's database: LAB_DATABASE_URL, else what `lab up` wrote there.

    Raises:
        DatabaseUnreachable: neither is there.
    """
    url = environ.get("LAB_DATABASE_URL", "").strip()
    if not url:
        if workspace.original is not None:
            raise DatabaseUnreachable(
                f"This workspace is a copy of {workspace.original}, whose database is not this one's.",
                "Begin with one of its own: lab down --destroy, then lab up --port-offset 100",
            )
        try:
            url = workspace.database_url_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            url = ""
    if not url:
        raise DatabaseUnreachable("The lab is not up.", "Start it: lab up")
    return url
