"""What `lab up` was asked for, remembered for every later command of the workspace."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from lab.errors import UsageError
from lab.files import write_atomic
from lab.workspace import Workspace

EMBEDDED, DOCKER = "embedded", "docker"
MAX_PORT_OFFSET = 50_000


@dataclass(frozen=True, slots=True)
class Settings:
    """Which runtime, by how much every port is moved, and what the environment gave.

    `server` is LAB_DATABASE_URL, `ports` the compose file's variables for ports.
    """

    runtime: str = EMBEDDED
    port_offset: int = 0
    server: str | None = None
    ports: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        texts = [self.server or "", *self.ports.values()]
        if type(self.port_offset) is not int or not all(isinstance(text, str) for text in texts):
            raise TypeError("not what was written")
        if self.runtime not in (EMBEDDED, DOCKER):
            raise UsageError(f"There is no runtime {self.runtime!r}.", f"Ask for {EMBEDDED} or {DOCKER}.")
        if not 0 <= self.port_offset <= MAX_PORT_OFFSET:
            raise UsageError(
                f"--port-offset {self.port_offset} is not possible.", f"Ask for 0 to {MAX_PORT_OFFSET}."
            )

    @property
    def place(self) -> tuple[str, str | None]:
        """Where the database is: another place is another database."""
        return self.runtime, self.server


def load_settings(workspace: Workspace) -> Settings:
    """The remembered settings; the defaults where nothing usable is remembered."""
    try:
        document: dict[str, Any] = json.loads(workspace.settings.read_bytes())
        known = {one.name for one in fields(Settings)}
        return Settings(**{name: value for name, value in document.items() if name in known})
    except (OSError, ValueError, TypeError, AttributeError, UsageError):
        return Settings()


def save_settings(workspace: Workspace, settings: Settings) -> None:
    write_atomic(workspace.settings, json.dumps(asdict(settings), indent=1).encode(), mode=0o600)
