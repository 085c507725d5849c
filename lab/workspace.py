"""A workspace: the folder that holds the code under repair, and every path in it by name."""

import os
from dataclasses import dataclass
from pathlib import Path
from pwd import getpwuid

from lab.errors import EnvironmentFault, UsageError

PROJECT = Path(__file__).resolve().parent.parent
"""The folder that this `lab` was installed from: its fixes, its shipped code."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """The paths of one workspace. State lives in `.lab/`, which git ignores."""

    root: Path

    @property
    def state(self) -> Path:
        return self.root / ".lab"

    @property
    def compose_file(self) -> Path:
        return self.root / "compose" / "docker-compose.yml"

    @property
    def roles_sql(self) -> Path:
        return self.root / "compose" / "initdb" / "roles.sql"

    @property
    def alembic_ini(self) -> Path:
        return self.root / "alembic.ini"

    @property
    def fixes(self) -> Path:
        """The workspace's own library when it has one, else the one that `lab` came with."""
        own = self.root / "fixes"
        return own if own.is_dir() else PROJECT / "fixes"

    @property
    def database_url_file(self) -> Path:
        return self.state / "database-url"

    @property
    def data(self) -> Path:
        """The embedded server's data directory (PGDATA)."""
        return self.state / "postgres" / "data"

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def service_records(self) -> Path:
        """One file a service: what was started, by its pid and start time, and how it ended."""
        return self.state / "services"

    @property
    def shipped(self) -> Path:
        """The files as shipped, by git blob id: the base of every three-way merge."""
        return self.state / "shipped"

    @property
    def journal(self) -> Path:
        return self.state / "journal"

    @property
    def history(self) -> Path:
        return self.state / "history.jsonl"

    @property
    def runs(self) -> Path:
        return self.state / "runs"

    @property
    def saved(self) -> Path:
        """Candidates' edits, saved as patches before `lab reset --code`."""
        return self.state / "saved"

    @property
    def lock(self) -> Path:
        return self.state / "lock"

    @property
    def location_file(self) -> Path:
        """Names the folder that this state was made in: a copied workspace brings the state along."""
        return self.state / "home"

    @property
    def id_file(self) -> Path:
        """The workspace's own id, by which a server that others use too tells whose a database is."""
        return self.state / "id"

    @property
    def copied_from(self) -> Path | None:
        """The workspace that this one is a copy of; None for one that was made here, or moved here."""
        try:
            home = Path(self.location_file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            return None
        try:
            is_there = (home / ".lab").is_dir()
        except PermissionError:
            is_there = True  # as another user's
        return home if home != self.root and is_there else None

    @property
    def settings(self) -> Path:
        """What `lab up` was asked for: runtime, ports, server."""
        return self.state / "settings.json"


def find_workspace(start: Path) -> Workspace:
    """The nearest workspace at or above `start`.

    Raises:
        UsageError: no folder at or above holds `alembic.ini` and `app/`.
        EnvironmentFault: its state is another user's: files and processes that are not ours to change.
    """
    if not start.is_dir():
        raise UsageError(f"{start} is not a folder.", "Name a workspace with -C DIR.")
    here = start.resolve()
    for folder in (here, *here.parents):
        if (folder / "alembic.ini").is_file() and (folder / "app").is_dir():
            _require_own(Workspace(folder).state)
            return Workspace(folder)
    raise UsageError(
        f"No workspace at or above {here}: no folder there holds alembic.ini and app/.",
        "Change to one, or name it with -C DIR.",
    )


def _require_own(state: Path) -> None:
    if state.exists() and (owner := state.stat().st_uid) != os.geteuid():
        name = _user(owner)
        raise EnvironmentFault(
            f"The lab in {state.parent} is {name}'s, not {_user(os.geteuid())}'s.",
            f"Run lab as {name}; or have {name} end it (lab down --destroy) and remove {state}.",
        )


def _user(number: int) -> str:
    try:
        return getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"


def require_supported_path(workspace: Workspace) -> None:
    """Raises EnvironmentFault: the path holds a sign that a tool which is handed it takes for something else.

    pg_ctl hands it to a shell between double quotes, alembic.ini interpolates %, and a : parts two paths.
    """
    text = str(workspace.root)
    odd = sorted({sign for sign in text if sign in '"$`%:' or not sign.isprintable()})
    if odd:
        raise EnvironmentFault(
            f"A lab cannot stand in {text.encode(errors='backslashreplace').decode()}: "
            f"its path holds {' and '.join(map(ascii, odd))}.",
            "Move the workspace to a path without.",
        )
