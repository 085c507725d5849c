"""A workspace: the folder that holds the code to be repaired. The paths of its files are named here."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from pwd import getpwuid

from lab.errors import EnvironmentFault, UsageError
from lab.library import COMPOSE_FILE, Library, PathBelow, installed


@dataclass(frozen=True, slots=True)
class Workspace:
    """The paths of one workspace, and the library that its fixes come from.

    The lab's own state is in `.lab/`, which git ignores.
    """

    root: Path
    library: Library = field(default_factory=installed)

    alembic_ini = PathBelow("alembic.ini")
    compose_file = PathBelow(str(COMPOSE_FILE))

    state = PathBelow(".lab")
    lock = PathBelow(".lab/lock")
    settings = PathBelow(".lab/settings.json")
    """The runtime, the ports and the server of the last `lab up`."""
    database_url_file = PathBelow(".lab/database-url")
    data = PathBelow(".lab/postgres/data")
    """The embedded server's data directory (PGDATA)."""
    logs = PathBelow(".lab/logs")
    service_records = PathBelow(".lab/services")
    """One file for each service: the processes that were started, and how they ended."""
    containers = PathBelow(".lab/containers.json")
    """From which code each container was started."""
    shipped = PathBelow(".lab/shipped")
    """The files as shipped, named by git blob id: the base of every three-way merge."""
    journal = PathBelow(".lab/journal")
    history = PathBelow(".lab/history.jsonl")
    runs = PathBelow(".lab/runs")
    saved = PathBelow(".lab/saved")
    """The candidate's edits, saved as patches before they are replaced."""
    hints = PathBelow(".lab/hints.json")
    """How many hints of each bug were opened."""
    renewal = PathBelow(".lab/renewal.json")
    """Exists while `lab up --renew` replaces the code and the database."""
    id_file = PathBelow(".lab/id")
    """The workspace's random id. On a shared server it marks the databases of this workspace."""
    location_file = PathBelow(".lab/home")
    """The workspace's path at the last `lab up`. A copied workspace still holds the original's."""

    @property
    def copied_from(self) -> Path | None:
        """The workspace that this one was copied from; None if it is no copy, or if the other is gone."""
        try:
            original = Path(self.location_file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            return None
        if not original.is_absolute():  # the file is damaged
            return None
        try:
            exists = (original / ".lab").is_dir()
        except PermissionError:
            exists = True  # in a folder of another user
        except (OSError, ValueError):  # no path at all: the file is damaged
            exists = False
        return original if original != self.root and exists else None


def find_workspace(start: Path, library: Library) -> Workspace:
    """Return the nearest workspace at or above the folder `start`, with this library.

    Raises:
        UsageError: `start` is no folder, or neither it nor a folder above it holds `alembic.ini` and `app/`.
        EnvironmentFault: the workspace's `.lab/` belongs to another user than this process's.
    """
    if not start.is_dir():
        raise UsageError(f"{start} is not a folder.", "Name a workspace with -C DIR.")
    here = start.resolve()
    for folder in (here, *here.parents):
        if (folder / "alembic.ini").is_file() and (folder / "app").is_dir():
            found = Workspace(folder, library)
            _require_own(found.state)
            return found
    raise UsageError(
        f"No workspace at or above {here}: no folder there holds alembic.ini and app/.",
        "Change to one, or name it with -C DIR.",
    )


def require_supported_path(workspace: Workspace) -> None:
    """Check that no tool misreads the workspace's path.

    pg_ctl passes it to a shell in double quotes, alembic.ini expands %, and PATH-like lists split at a colon.

    Raises:
        EnvironmentFault: the path contains one of " $ ` % : or a character that is not printable.
    """
    text = str(workspace.root)
    special = sorted({sign for sign in text if sign in '"$`%:' or not sign.isprintable()})
    if special:
        raise EnvironmentFault(
            f"A lab cannot run in {text.encode(errors='backslashreplace').decode()}: "
            f"its path holds {' and '.join(map(ascii, special))}.",
            "Move the workspace to a path without these characters.",
        )


def _require_own(state: Path) -> None:
    if state.exists() and (owner := state.stat().st_uid) != os.geteuid():
        name = _user(owner)
        raise EnvironmentFault(
            f"The lab in {state.parent} belongs to {name}, not to {_user(os.geteuid())}.",
            f"Run lab as {name}; or have {name} run lab down --destroy and remove {state}.",
        )


def _user(number: int) -> str:
    try:
        return getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"
