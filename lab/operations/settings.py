"""The settings of the last `lab up`, which every later command of the workspace uses too."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lab.errors import UsageError
from lab.files import write_atomic
from lab.json_files import from_json, to_json
from lab.workspace import Workspace

EMBEDDED, DOCKER = "embedded", "docker"
MAX_PORT_OFFSET = 50_000


@dataclass(frozen=True, slots=True)
class Settings:
    """The runtime, the number that is added to every port, and what the environment contained.

    `server` is LAB_DATABASE_URL; `ports` are the compose file's port variables by name. `sandbox`: the
    services run behind walls.

    Raises:
        UsageError: there is no such runtime, or the offset is out of its range.
    """

    runtime: str = EMBEDDED
    port_offset: int = 0
    server: str | None = None
    ports: Mapping[str, str] = field(default_factory=dict)
    sandbox: bool = False

    def __post_init__(self) -> None:
        if self.runtime not in (EMBEDDED, DOCKER):
            raise UsageError(f"There is no runtime {self.runtime!r}.", f"Use {EMBEDDED} or {DOCKER}.")
        if not 0 <= self.port_offset <= MAX_PORT_OFFSET:
            raise UsageError(
                f"--port-offset {self.port_offset} is out of range.", f"Use 0 to {MAX_PORT_OFFSET}."
            )

    @property
    def database_location(self) -> tuple[str, str | None]:
        """The runtime and the server. Labs with different locations have different databases."""
        return self.runtime, self.server


def load_settings(workspace: Workspace) -> Settings:
    """Return the saved settings, or the defaults if none were saved or the file is damaged."""
    try:
        return from_json(workspace.settings.read_bytes(), Settings)
    except (OSError, ValueError, UsageError):
        return Settings()


def save_settings(workspace: Workspace, settings: Settings) -> None:
    """Save the settings, readable only by the owner: they may hold a password. Raises EnvironmentFault."""
    write_atomic(workspace.settings, to_json(settings).encode(), mode=0o600)
