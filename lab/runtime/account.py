"""Where a database server is reached, and as whom."""

from dataclasses import dataclass

from lab.database_url import DatabaseUrl

MAINTENANCE = "postgres"
"""The database that initdb makes: where other databases are made and dropped from."""


@dataclass(frozen=True, slots=True)
class Account:
    """A server's address and the role that owns what lab makes there.

    On a `shared` one, which lab did not start, databases of others stand too.
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
        """Return the URL of `database` for SQLAlchemy: as the owner, or as the role that is named."""
        name, secret = (self.user, self.password) if user is None else (user, password or "")
        return DatabaseUrl(name, secret, self.host, self.port, database).sqlalchemy
