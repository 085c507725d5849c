"""The interface of a runtime: one database, the services, and their logs."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from lab.progress import Progress
from lab.runtime.account import Account
from lab.runtime.prepared import Prepared
from lab.runtime.stack import ServiceStatus


class Runtime(Protocol):
    """The database and the services of one workspace.

    `ports` holds the ports on this machine of the database (`db`) and of each service. All methods of the
    docker runtime raise EnvironmentFault if no Docker Engine answers.
    """

    @property
    def kind(self) -> str: ...

    @property
    def account(self) -> Account: ...

    @property
    def database(self) -> str: ...

    @property
    def url(self) -> str:
        """The URL of the services' database, for its owner."""

    @property
    def services(self) -> tuple[str, ...]:
        """The names of the services in the compose file's order, without the database."""

    @property
    def ports(self) -> Mapping[str, int]: ...

    @property
    def starts_with_empty_database(self) -> bool:
        """Whether a new server already has an empty database named `database`."""

    @property
    def needs_data(self) -> bool:
        """Whether `copy_data` must be called before the database can start."""

    def copy_data(self, prepared: Prepared) -> None:
        """Raises EnvironmentFault if a file cannot be copied."""

    def require_ports(self) -> None:
        """Raises PortTaken if another process listens on a port that a start of this lab needs."""

    def prepare(self, progress: Progress) -> None:
        """Build the images, if the runtime has any. Raises EnvironmentFault if that fails."""

    def start_database(self) -> None:
        """Start the server if it doesn't run. Raises EnvironmentFault if it doesn't accept connections."""

    def database_running(self) -> bool:
        """Return whether this lab's own server accepts connections; True for one that lab doesn't start."""

    def start_services(self, chosen: Iterable[str] = ()) -> tuple[str, ...]:
        """Start the chosen services (default: all), and wait until each is healthy, has ended, or is late.

        Return those that are late: they run, and did not become healthy in time.

        A running service is restarted only if the compose file now describes it differently, or its code has
        changed.

        Raises EnvironmentFault if one cannot be started. Others may run then.
        """

    def stop_services(self, chosen: Iterable[str] = ()) -> tuple[str, ...]:
        """Stop the chosen services (default: all) and return which of them ran, in any order.

        Raises EnvironmentFault if one still runs. Others may have ended then.
        """

    def outdated(self) -> tuple[str, ...]:
        """Return the services whose last start was of other code or settings than a start now would be.

        One that was never started is not among them.
        """

    def status(self) -> tuple[ServiceStatus, ...]:
        """Return the state of every service, in the compose file's order."""

    def logs(self, names: Iterable[str], lines: int, follow: bool) -> Iterator[tuple[str, str]]:
        """Yield the last `lines` of each log as (name, line); with `follow`, then new ones without end.

        They are in the order of time: with `follow`, as far as they are read together.
        """
