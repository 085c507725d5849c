"""The lab's databases on a server, by name, and whose they are: that stands in each one's own comment.

So no ledger can be wrong about it, and on a server that others use too, nothing unmarked is ours to drop.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from socket import gethostname
from uuid import uuid4

from lab.errors import Refused, UsageError
from lab.runtime import databases
from lab.runtime.account import Account
from lab.workspace import Workspace, write_atomic

MOST_ROWS = 50_000_000


@dataclass(frozen=True, slots=True)
class Content:
    """What a database is made from: the number of execution logs, and the seed of their random values."""

    rows: int = 500_000
    seed: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.rows <= MOST_ROWS:
            raise UsageError(f"--rows {self.rows} is not possible.", f"Ask for 1 to {MOST_ROWS:,} rows.")


@dataclass(frozen=True, slots=True)
class Mark:
    """The comment of a database that lab made. `content` is None until it is whole.

    On a server that others use too, `owner` is the id of the workspace, and `place` where that was.
    """

    content: Content | None = None
    owner: str = ""
    place: str = ""

    def write(self, account: Account, name: str) -> None:
        databases.describe(account, name, json.dumps({"lab": asdict(self)}))


def template_of(database: str) -> str:
    return f"{database}_template"


def build_of(database: str) -> str:
    """The name under which the template is made; it takes its own when it is whole."""
    return f"{database}_build"


def fresh_of(database: str) -> str:
    """The name of a copy that is to take the database's place."""
    return f"{database}_fresh"


def replaced_of(database: str) -> str:
    """The name of what a reset has replaced, until it is dropped."""
    return f"{database}_replaced"


def mark_of(account: Account, name: str) -> Mark | None:
    """The mark of a database; None when lab did not make it, or there is none."""
    return _read(databases.descriptions(account, [name]).get(name))


def content_of(workspace: Workspace, account: Account, database: str) -> Content | None:
    """What the template of `database` was made from; None when lab made none.

    Raises:
        Refused: the lab of another workspace made it.
    """
    mark = mark_of(account, template_of(database))
    if mark is None:
        return None
    if mark.owner not in ("", identity(workspace)):
        raise Refused(
            f"The database {database} is that of the lab in {mark.place}.",
            "Give every workspace a database name of its own in LAB_DATABASE_URL. If that lab is gone, "
            f"drop {database} and {template_of(database)} there.",
        )
    return mark.content


def require_ours(workspace: Workspace, account: Account, names: Iterable[str]) -> None:
    """Raises Refused: a database of one of these names was not made by the lab of this workspace."""
    for name, comment in databases.descriptions(account, names).items():
        mark = _read(comment)
        if mark is None or mark.owner != identity(workspace):
            raise Refused(
                f"There is a database {name} that this lab did not make, and it needs that name.",
                "Name another in LAB_DATABASE_URL: names derived from it are the lab's.",
            )


def blank_mark(workspace: Workspace, *, shared: bool) -> Mark:
    """The mark of what is about to be made; only on a `shared` server does it name the workspace."""
    return Mark(None, identity(workspace), f"{gethostname()}:{workspace.root}") if shared else Mark()


def identify(workspace: Workspace) -> None:
    """Give the workspace an id of its own, once; one that was copied gets another than the original's."""
    if not identity(workspace):
        write_atomic(workspace.identity, uuid4().hex.encode())


def identity(workspace: Workspace) -> str:
    """The workspace's id; empty when it has none yet, or came with the original's."""
    try:
        return "" if workspace.original else workspace.identity.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return ""


def _read(comment: str | None) -> Mark | None:
    try:
        found = json.loads(comment or "null")["lab"]
        content = found["content"] and Content(**found["content"])
        return Mark(content, str(found["owner"]), str(found["place"]))
    except (ValueError, TypeError, KeyError):
        return None
