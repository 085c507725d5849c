"""The address of the database in the compose file, and the one at which a local process reaches it."""

import re
from collections.abc import Callable, Set
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import unquote

from lab.runtime.account import Account

DATABASE_SERVICE = "db"

ADDRESS = re.compile(rf"(?://(?P<user>[^:/@]+)(?::(?P<password>[^@/]*))?)?@{DATABASE_SERVICE}(?::5432)?/\w+")
"""The address of the database in a URL of the compose file, with the login before it."""


class Login(NamedTuple):
    """A role of the database and its password."""

    user: str
    password: str


@dataclass(frozen=True, slots=True)
class DatabaseAddress:
    """The database on the account's server. `logins` returns those of the shipped compose file."""

    account: Account
    database: str
    logins: Callable[[], Set[Login]]

    def reachable(self, text: str) -> str:
        """Replace the database's compose address by its real one: libpq does not use Python's resolver.

        The login before it gets the role's real password.
        """
        here = f"@{self.account.url(self.database).rpartition('@')[2]}"
        return ADDRESS.sub(lambda found: f"{self._login(found['user'], found['password'])}{here}", text)

    def _login(self, user: str | None, password: str | None) -> str:
        if user is None:
            return ""
        if self.account.owner and Login(unquote(user), unquote(password or "")) in self.logins():
            password = self.account.password_of(unquote(user))
        return f"//{user}:{password}" if password is not None else f"//{user}"
