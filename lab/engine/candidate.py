"""The candidate's own migrations: run by plain Alembic in a process of its own, for it is not trusted."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from lab.catalog import OwnedObject
from lab.database import connect
from lab.errors import LabError
from lab.shell import Finished, run
from lab.workspace import Workspace

TIMEOUT = 120.0


def upgrade(workspace: Workspace, url: str, target: str = "head", *, timeout: float = TIMEOUT) -> Finished:
    """Bring the database at `url` to `target` of the workspace's own history.

    Raises:
        LabError: a migration failed; the message has its last words.
        TimedOut: it did not end before the deadline; it was killed.
    """
    return _alembic(workspace, url, ["upgrade", target], timeout)


def downgrade(workspace: Workspace, url: str, target: str, *, timeout: float = TIMEOUT) -> Finished:
    """Take the database at `url` down to `target` of the workspace's own history.

    Raises:
        LabError: a migration failed, or there is no such revision.
        TimedOut: it did not end before the deadline; it was killed.
    """
    return _alembic(workspace, url, ["downgrade", target], timeout)


def heads(workspace: Workspace, url: str, *, timeout: float = TIMEOUT) -> tuple[str, ...]:
    """The heads of the workspace's own history: more than one where it forks.

    Raises:
        LabError: the history cannot be read.
    """
    said = _alembic(workspace, url, ["heads"], timeout).stdout.decode(errors="replace")
    return tuple(re.findall(r"^(\S+) .*\(head\)", said, re.MULTILINE))


def current(url: str) -> tuple[str, ...]:
    """The revisions that the database is at, read from its version table."""
    connection = connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass('alembic_version') IS NOT NULL")
            if cursor.fetchone() != (True,):
                return ()
            cursor.execute("SELECT version_num FROM alembic_version ORDER BY 1")
            return tuple(name for (name,) in cursor.fetchall())
    finally:
        connection.close()


def creator_of(workspace: Workspace, thing: OwnedObject) -> str:
    """Who made an object that no fix records: the workspace's revision that names it, else a hand."""
    for path in sorted((workspace.root / "migrations" / "versions").glob("*.py")):
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        if all(re.search(rf"\b{re.escape(word)}\b", text) for word in thing.name.split(".")):
            return f"revision {_revision(text) or '?'} made it ({path.relative_to(workspace.root)})"
    return "made by hand, for no revision in migrations/versions names it"


def _revision(text: str) -> str | None:
    try:
        return next(_constants(ast.parse(text), "revision"), None)
    except (SyntaxError, ValueError):
        return None


def _constants(tree: ast.Module, name: str) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Constant):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Name) and target.id == name for target in targets):
                yield str(node.value.value)


def _alembic(workspace: Workspace, url: str, words: list[str], timeout: float) -> Finished:
    finished = run(
        [sys.executable, "-m", "alembic", "-c", Path("alembic.ini"), *words],
        cwd=workspace.root,
        env={"LAB_DATABASE_URL": url},
        timeout=timeout,
    )
    if finished.code != 0:
        raise LabError(
            f"alembic {' '.join(words)} failed in {workspace.root}: {finished.last_line}.",
            "See the whole of it by running that there.",
        )
    return finished
