"""Plain Alembic in a child process, and what the text of the candidate's revisions says."""

import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from lab.catalog import OwnedObject
from lab.errors import LabError
from lab.sentences import sentence
from lab.shell import run
from lab.workspace import Workspace

TIMEOUT = 120.0
"""Seconds for the shipped migrations on an empty database: far more than they take, to end what hangs."""

REVISION = re.compile(r"""^revision\b[^=\n]*=\s*["'](\w+)["']""", re.MULTILINE)


def upgrade(workspace: Workspace, url: str, target: str = "head", *, timeout: float = TIMEOUT) -> None:
    """Upgrade the database at `url` to `target`, a revision of the workspace. Its code runs without a wall.

    Raises:
        LabError: Alembic failed. The message quotes the line of its output that names the reason.
        TimedOut: it ran for more than `timeout` seconds and was killed.
    """
    argv = [sys.executable, "-m", "alembic", "-c", "alembic.ini", "upgrade", target]
    finished = run(argv, cwd=workspace.root, env={"LAB_DATABASE_URL": url}, timeout=timeout)
    if finished.code != 0:
        raise LabError(
            sentence(f"alembic upgrade {target} failed in {workspace.root}: {finished.last_line}"),
            "To see its whole output, run that command there.",
        )


def creator_of(workspace: Workspace, owned: OwnedObject) -> str:
    """Return a phrase for messages: the first migration file that names the object, or that none does."""
    for path, text in _revisions(workspace):
        if all(re.search(rf"\b{re.escape(word)}\b", text) for word in owned.name.split(".")):
            revision = REVISION.search(text)
            return f"revision {revision[1] if revision else '?'} made it ({path.relative_to(workspace.root)})"
    return "made by hand, for no revision in migrations/versions names it"


def revision_ids(workspace: Workspace) -> frozenset[str]:
    """Return the ids that the revisions' files give themselves, as far as their text shows it."""
    found = (REVISION.search(text) for _, text in _revisions(workspace))
    return frozenset(match[1] for match in found if match)


def _revisions(workspace: Workspace) -> Iterator[tuple[Path, str]]:
    for path in sorted((workspace.root / "migrations" / "versions").glob("*.py")):
        with suppress(OSError):
            yield path, path.read_text(encoding="utf-8", errors="replace")
