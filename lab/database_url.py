"""The URL of a database: parse it, and write it for SQLAlchemy or libpq."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit

from lab.errors import UsageError

DEFAULT_PORT = 5432
URL_FORMAT = "postgresql://user:password@host:port/database"
BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class DatabaseUrl:
    """A database, its server, and the role that connects to it. `str()` gives `host:port/database`."""

    user: str
    password: str = field(repr=False)
    host: str
    port: int
    database: str

    @classmethod
    def parse(cls, text: str) -> DatabaseUrl:
        """Parse `postgresql[+driver]://user[:password]@host[:port]/database`. The default port is 5432.

        Raises:
            UsageError: the text has another form. The message omits the text, which may hold a password.
        """
        scheme, separator, _ = text.partition("://")
        try:
            parts = urlsplit(text)
            port = DEFAULT_PORT if parts.port is None else parts.port
        except ValueError as error:  # a port that is not a number, or an unclosed bracket
            raise _malformed() from error
        database = unquote(parts.path.removeprefix("/"))
        if not unquote(text).isprintable():
            raise _malformed()
        known = separator and scheme.partition("+")[0] in {"postgresql", "postgres"}
        one_login = parts.netloc.count("@") == 1 and not BAD_ESCAPE.search(parts.netloc)
        if not (known and one_login and parts.username and parts.hostname and database and port):
            raise _malformed()
        if parts.query or parts.fragment:
            raise _malformed()
        return cls(unquote(parts.username), unquote(parts.password or ""), parts.hostname, port, database)

    @property
    def sqlalchemy(self) -> str:
        """The URL for SQLAlchemy and Alembic, with the driver's name."""
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
        f"Write it as {URL_FORMAT}, with %40, %2F and %25 for @, / and % in the password.",
    )
