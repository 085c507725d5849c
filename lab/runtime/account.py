"""Where a database server is reached, and as whom."""

from dataclasses import dataclass
from urllib.parse import quote

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

    def url(self, database: str, user: str | None = None, password: str | None = None) -> str:
        """The URL of `database` as Alembic and SQLAlchemy take it; the owner's, unless a role is named."""
        name, secret = (self.user, self.password) if user is None else (user, password or "")
        who = f"{quote(name, safe='')}:{quote(secret, safe='')}"
        return f"postgresql+psycopg2://{who}@{self.address}/{quote(database, safe='')}"

    @property
    def address(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"
