"""The lab's databases on a server, by name, and whose they are.

That stands in the comment of the template, so that no ledger can be wrong about it. What is only passing has
the workspace's id in its name: on a server that others use too, nobody else's database is called so.
"""

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from socket import gethostname
from uuid import uuid4

from lab.errors import Refused, UsageError
from lab.files import write_atomic
from lab.runtime import databases
from lab.runtime.account import Account
from lab.workspace import Workspace

MAX_ROWS = 50_000_000


@dataclass(frozen=True, slots=True)
class Dataset:
    """What a database is made from: the number of execution logs, and the seed of their random values."""

    rows: int = 500_000
    seed: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.rows <= MAX_ROWS:
            raise UsageError(f"--rows {self.rows} is not possible.", f"Ask for 1 to {MAX_ROWS:,} rows.")


@dataclass(frozen=True, slots=True)
class Ownership:
    """The comment of a template that lab made; `owner` is the workspace's id, `place` where that was."""

    content: Dataset
    owner: str
    place: str

    def write(self, account: Account, name: str) -> None:
        databases.set_comment(account, name, json.dumps({"lab": asdict(self)}))


class TemporaryDatabase(StrEnum):
    """What a database is for that is dropped or renamed before the command ends."""

    BUILD = "build"
    """The template while it is made."""
    FRESH = "fresh"
    """A copy that is to take the database's place."""
    REPLACED = "replaced"
    """What a reset has replaced, until it is dropped."""

    def name_for(self, workspace: Workspace) -> str:
        return f"lab_{self}_{workspace_id(workspace)}"


def template_of(database: str) -> str:
    return f"{database}_template"


def ownership_of(account: Account, name: str) -> Ownership | None:
    """The mark of a database; None when lab did not make it, or there is none."""
    return _read(databases.comments(account, [name]).get(name))


def dataset_of(workspace: Workspace, account: Account, database: str) -> Dataset | None:
    """What the template of `database` was made from; None when lab made none.

    Raises:
        Refused: the server is shared, and the lab of another workspace made it.
    """
    mark = ownership_of(account, template_of(database))
    if mark is None:
        return None
    if account.shared and mark.owner != workspace_id(workspace):
        raise Refused(
            f"The database {database} is that of the lab in {mark.place}.",
            "Give every workspace a database name of its own in LAB_DATABASE_URL. If that lab is gone, "
            f"drop {database} and {template_of(database)} there.",
        )
    return mark.content


def new_ownership(workspace: Workspace, content: Dataset) -> Ownership:
    """The mark of what is about to be made."""
    return Ownership(content, workspace_id(workspace), f"{gethostname()}:{workspace.root}")


def ensure_workspace_id(workspace: Workspace) -> None:
    """Give the workspace an id of its own, once; one that was copied gets another than the original's."""
    if not workspace_id(workspace):
        write_atomic(workspace.id_file, uuid4().hex.encode())


def workspace_id(workspace: Workspace) -> str:
    """The workspace's id; empty when it has none yet, or came with the original's."""
    try:
        return "" if workspace.copied_from else workspace.id_file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return ""


def _read(comment: str | None) -> Ownership | None:
    try:
        found = json.loads(comment or "null")["lab"]
        return Ownership(Dataset(**found["content"]), str(found["owner"]), str(found["place"]))
    except (ValueError, TypeError, KeyError):
        return None
