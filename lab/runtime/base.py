"""What the operations ask of a runtime, whichever it is: one database, the services, what they log."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from lab.progress import Progress
from lab.runtime.account import Account
from lab.runtime.stack import ServiceStatus


class Runtime(Protocol):
    """One workspace's lab. `ports` says where this machine reaches the database (`db`) and each service."""

    @property
    def kind(self) -> str: ...

    @property
    def account(self) -> Account: ...

    @property
    def database(self) -> str: ...

    @property
    def url(self) -> str:
        """The URL of the database that the services work in, as its owner."""
        ...

    @property
    def services(self) -> tuple[str, ...]:
        """The services by name, in the compose file's order; the database is none."""
        ...

    @property
    def ports(self) -> Mapping[str, int]: ...

    @property
    def starts_with_empty_database(self) -> bool:
        """Whether a new server comes with an empty database of that name, which is nobody's."""
        ...

    def require_ports(self) -> None:
        """Raises PortTaken: a port that we need and do not hold is somebody else's. Nothing was started."""
        ...

    def prepare(self, progress: Progress) -> None:
        """Make what the start takes for granted; nothing runs afterwards that did not before."""
        ...

    def start_database(self) -> None:
        """Start the server and wait until it answers; does nothing when it does."""
        ...

    def database_running(self) -> bool:
        """Whether the server of this lab, and of no other, answers."""
        ...

    def start_services(self, chosen: Iterable[str] = ()) -> None:
        """Start the services and wait until each answers, has ended, or is late."""
        ...

    def stop_services(self, chosen: Iterable[str] = ()) -> tuple[str, ...]:
        """Stop the services that run; answers which."""
        ...

    def status(self) -> tuple[ServiceStatus, ...]: ...

    def logs(self, names: Iterable[str], lines: int, follow: bool) -> Iterator[tuple[str, str]]:
        """The last lines that each of them logged, as (name, line); then what comes, if followed."""
        ...
