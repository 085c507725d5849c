"""The shadow's own database server: a copy of a prepared one, so nothing in it reaches the lab's database."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from lab.errors import EnvironmentFault
from lab.runtime import databases, roles
from lab.runtime.access import regain
from lab.runtime.account import MONITOR, SUPERUSER, Account
from lab.runtime.postgres import EmbeddedPostgres
from lab.runtime.prepared import Prepared, password_in
from lab.shadow.leftovers import Reservation

ATTEMPTS = 3
"""Attempts to start the server on a port that was free when it was chosen."""


@dataclass(frozen=True, slots=True)
class ShadowServer:
    """A running server with one database, and the account of its superuser."""

    account: Account
    database: str

    @property
    def url(self) -> str:
        """The URL of the database for its owner."""
        return self.account.owner_url(self.database)

    @property
    def monitor_url(self) -> str:
        """The URL of the database for the role that probes use."""
        return self.account.role_url(self.database, MONITOR)

    def regain(self) -> str:
        """Give the owner the database back after a migration: see `lab.runtime.access`."""
        return regain(self.account, self.database)


def start_server(prepared: Prepared, reserved: Reservation, port: int | None = None) -> ShadowServer:
    """Copy the prepared server into the reserved folder, if it isn't there, and start it.

    Its template becomes the database. It listens on `port`, by default on a free one.

    Raises:
        EnvironmentFault: it cannot be copied or does not start. What there is of it stays in the folder.
    """
    if not (reserved.server / "data").exists():
        copy_server(prepared, reserved)
    password = password_in(reserved.server)
    for attempt in range(ATTEMPTS):
        account = Account(port or reserved.ports.take(1)[0], SUPERUSER, password, owner=prepared.owner)
        server = EmbeddedPostgres(
            prepared.binaries, reserved.server, reserved.logs, account, prepared.settings
        )
        try:
            server.start()
            break
        except EnvironmentFault:
            if port is not None or attempt == ATTEMPTS - 1:
                raise
    # From another database, its owner could drop this one.
    databases.execute(account, databases.statement("REVOKE CONNECT ON DATABASE {} FROM PUBLIC", "template1"))
    databases.unmake_template(account, prepared.template, prepared.database)
    roles.forget_statements(account)
    return ShadowServer(account, prepared.database)


def copy_server(prepared: Prepared, reserved: Reservation) -> None:
    """Copy the prepared server into the reserved folder. Raises EnvironmentFault: it cannot be copied."""
    prepared.copy_to(reserved.server, secrets.token_urlsafe())
