"""The address of a database server and the role that lab connects as."""

from dataclasses import dataclass

from lab.database_url import DatabaseUrl

MAINTENANCE = "postgres"
"""The database to connect to when others are made, renamed or dropped. initdb makes it."""


@dataclass(frozen=True, slots=True)
class Account:
    """A server's address and the role that owns the lab's databases there.

    `shared` marks a server that lab did not start: it may hold databases of other users.
    """

    port: int
    user: str
    password: str
    host: str = "127.0.0.1"
    shared: bool = False

    @classmethod
    def from_url(cls, url: DatabaseUrl, *, shared: bool = False) -> "Account":
        """Return the account that `url` connects to."""
        return cls(url.port, url.user, url.password, url.host, shared)

    def url(self, database: str, user: str | None = None, password: str | None = None) -> str:
        """Return the URL of `database` for SQLAlchemy: for the role `user`, by default the owner."""
        name, secret = (self.user, self.password) if user is None else (user, password or "")
        return DatabaseUrl(name, secret, self.host, self.port, database).sqlalchemy
