"""The URL of a database, taken apart once: the one place that knows how such a URL is written."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from urllib.parse import quote, unquote, urlsplit

from lab.errors import UsageError

DEFAULT_PORT = 5432
FORM = "postgresql://user:password@host:port/database"
NOT_ENCODED = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class DatabaseUrl:
    """A database, the server that holds it, and the role that connects to it. `str()` shows no password."""

    user: str
    password: str = field(repr=False)
    host: str
    port: int
    database: str

    @classmethod
    def parse(cls, text: str) -> DatabaseUrl:
        """Read a URL of the form `postgresql[+driver]://user[:password]@host[:port]/database`.

        Raises:
            UsageError: the text has another form. The message does not quote it: it may hold a password.
        """
        scheme, separator, _ = text.partition("://")
        try:
            parts = urlsplit(text)
            port = DEFAULT_PORT if parts.port is None else parts.port
        except ValueError as error:  # the port is not a number, or a bracket is not closed
            raise _malformed() from error
        database = unquote(parts.path.removeprefix("/"))
        known = separator and scheme.partition("+")[0] in {"postgresql", "postgres"}
        if not known or parts.netloc.count("@") != 1 or NOT_ENCODED.search(parts.netloc):
            raise _malformed()
        if parts.query or parts.fragment:
            raise _malformed()
        if not parts.username or not parts.hostname or not database or not port:
            raise _malformed()
        return cls(unquote(parts.username), unquote(parts.password or ""), parts.hostname, port, database)

    @property
    def sqlalchemy(self) -> str:
        """The URL for SQLAlchemy and Alembic, which names the driver."""
        return f"postgresql+psycopg2://{self._rest}"

    @property
    def libpq(self) -> str:
        """The URL for libpq and psql."""
        return f"postgresql://{self._rest}"

    @property
    def address(self) -> str:
        """Host and port, as in `127.0.0.1:5442`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def with_database(self, database: str) -> DatabaseUrl:
        """Another database of the same server, as the same role."""
        return replace(self, database=database)

    def __str__(self) -> str:
        return f"{self.address}/{self.database}"

    @property
    def _rest(self) -> str:
        parts = (self.user, self.password, self.database)
        user, password, database = (quote(part, safe="") for part in parts)
        return f"{user}:{password}@{self.address}/{database}"


def _malformed() -> UsageError:
    return UsageError(
        "The address of the database is not a PostgreSQL URL.",
        f"Write it as {FORM}, with %40, %2F and %25 for @, / and % in the password.",
    )
