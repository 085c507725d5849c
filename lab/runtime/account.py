"""The address of a database server, and the roles with which lab connects to it."""

from dataclasses import dataclass

from lab.database_url import DatabaseUrl

MAINTENANCE = "postgres"
"""The database to connect to when others are made, renamed or dropped. initdb makes it."""

SUPERUSER = "postgres"
"""The superuser of a server that lab made."""

MONITOR = "lab_monitor"
"""The role with which probes add and read rows: a member of the owner, whose statements are not counted."""


@dataclass(frozen=True, slots=True)
class Account:
    """A server's address, and the role that makes databases there.

    On a server that lab made, `user` is the superuser, `owner` the role without special rights that owns the
    databases, and every login role has a password of its own that is derived from the superuser's. Elsewhere
    `owner` is empty: `user` owns the databases. `shared` marks a server that lab did not start: it may hold
    databases of other users.
    """

    port: int
    user: str
    password: str
    host: str = "127.0.0.1"
    shared: bool = False
    owner: str = ""

    @classmethod
    def from_url(cls, url: DatabaseUrl, *, shared: bool = False) -> "Account":
        """Return the account that `url` connects to."""
        return cls(url.port, url.user, url.password, url.host, shared)

    def url(self, database: str, user: str | None = None, password: str | None = None) -> str:
        """Return the URL of `database` for SQLAlchemy: for the role `user`, by default the account's own."""
        name, secret = (self.user, self.password) if user is None else (user, password or "")
        return DatabaseUrl(name, secret, self.host, self.port, database).sqlalchemy

    def owner_url(self, database: str) -> str:
        """Return the URL of `database` for the role that owns it."""
        return self.role_url(database, self.owner) if self.owner else self.url(database)

    def role_url(self, database: str, role: str) -> str:
        """Return the URL of `database` for a role whose password lab made."""
        return self.url(database, role, self.password_of(role))

    def password_of(self, role: str) -> str:
        """Return the password of a login role on a server that lab made."""
        import hashlib  # needed by few commands
        import hmac

        return hmac.new(self.password.encode(), role.encode(), hashlib.sha256).hexdigest()
