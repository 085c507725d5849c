"""The names of the lab's databases on a server, and which workspace owns them.

The owner is recorded in the comment of the template database, so the record is always where the database is.
The name of a temporary database contains the workspace's id, so on a shared server no other lab uses it.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from socket import gethostname
from uuid import uuid4

from lab.database import connect
from lab.database_url import DatabaseUrl
from lab.errors import EnvironmentFault, Refused
from lab.files import write_atomic
from lab.json_files import from_json, to_json
from lab.runtime import databases
from lab.runtime.account import Account
from lab.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Dataset:
    """The number of rows that a database was seeded with, and the seed of their random values."""

    rows: int
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Origin:
    """What a template was made from: the version, the revision, and a hash of migrations, roles and seed."""

    version: str
    head: str
    content: str


@dataclass(frozen=True, slots=True)
class Ownership:
    """Who made a template: `owner` is the workspace's id, `place` its host and folder at that time.

    `origin` is None in a template of a version that did not record it.
    """

    content: Dataset
    owner: str
    place: str
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class _Comment:
    lab: Ownership


class TemporaryDatabase(StrEnum):
    """The purposes of databases that a command drops or renames before it ends."""

    BUILD = "build"  # the template while it is built
    FRESH = "fresh"  # a copy of the template that will replace the database
    REPLACED = "replaced"  # the old database, until it is dropped

    def name_for(self, workspace: Workspace) -> str:
        return f"lab_{self}_{workspace_id(workspace)}"


def template_of(database: str) -> str:
    return f"{database}_template"


def temporary_names(workspace: Workspace) -> list[str]:
    return [purpose.name_for(workspace) for purpose in TemporaryDatabase]


def record_ownership(
    workspace: Workspace, account: Account, name: str, dataset: Dataset, origin: Origin
) -> None:
    """Write in the comment of the database `name` that this workspace made it, and from what."""
    ownership = Ownership(dataset, workspace_id(workspace), f"{gethostname()}:{workspace.root}", origin)
    databases.set_comment(account, name, to_json(_Comment(ownership), indent=0))


def dataset_of(
    workspace: Workspace, account: Account, database: str, comments: dict[str, str | None]
) -> Dataset | None:
    """Return the dataset of the template of `database`; None if lab made no such template.

    `comments` holds the comment of each existing database, by name. That of the template names its dataset.

    Raises:
        Refused: the server is shared, and another workspace's lab made the template.
    """
    ownership = _ownership(database, comments)
    if ownership is None:
        return None
    if account.shared and ownership.owner != workspace_id(workspace):
        raise Refused(
            f"The database {database} belongs to the lab in {ownership.place}.",
            "Give every workspace a database name of its own in LAB_DATABASE_URL. If that lab is gone, "
            f"drop the databases {database} and {template_of(database)} on this server.",
        )
    return ownership.content


def require_dataset(url: str) -> Dataset:
    """Return the dataset of the template of the database at `url`, which any role may read.

    Raises:
        DatabaseUnreachable: no connection could be made.
        EnvironmentFault: lab has made no such template.
    """
    database = DatabaseUrl.parse(url).database
    with closing(connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT datname, shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s",
            (template_of(database),),
        )
        ownership = _ownership(database, dict(cursor.fetchall()))
    if ownership is None:
        raise EnvironmentFault("There is no template database to measure on.", "Make it: lab up")
    return ownership.content


def origin_of(database: str, comments: dict[str, str | None]) -> Origin | None:
    """Return what the template of `database` was made from; None if that is not recorded."""
    ownership = _ownership(database, comments)
    return ownership.origin if ownership else None


def _ownership(database: str, comments: dict[str, str | None]) -> Ownership | None:
    try:
        return from_json(comments.get(template_of(database)) or "", _Comment).lab
    except ValueError:
        return None


def ensure_workspace_id(workspace: Workspace) -> None:
    """Give the workspace an id if it has none. A copied workspace gets a new one."""
    if not workspace_id(workspace):
        write_atomic(workspace.id_file, uuid4().hex.encode())


def workspace_id(workspace: Workspace) -> str:
    """Return the workspace's id; empty if it has none yet, or is a copy that still has its original's id."""
    try:
        return "" if workspace.copied_from else workspace.id_file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return ""
