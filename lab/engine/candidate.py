"""The candidate's own migrations. They are not trusted, so plain Alembic runs them in a child process."""

import re
import sys
from pathlib import Path

from lab import sandbox
from lab.catalog import OwnedObject
from lab.errors import LabError
from lab.library import PACKAGE
from lab.sandbox import Bounds, Means, Wall
from lab.sentences import sentence
from lab.shell import run
from lab.workspace import Workspace

TIMEOUT = 120.0
VARIABLES = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
CODE = Path("/lab")
"""Where walled migrations find the code: the working folder of the containers."""

REVISION = re.compile(r"""^revision\b[^=\n]*=\s*["'](\w+)["']""", re.MULTILINE)


def upgrade(
    workspace: Workspace,
    url: str,
    target: str = "head",
    *,
    timeout: float = TIMEOUT,
    means: Means | None = None,
) -> None:
    """Upgrade the database at `url` to `target`, a revision of the candidate's history.

    With `means`, Alembic runs behind a wall.

    Raises:
        LabError: Alembic failed. The message quotes the line of its output that names the reason.
        TimedOut: it ran for more than `timeout` seconds and was killed.
    """
    argv = [sys.executable, "-m", "alembic", "-c", "alembic.ini", "upgrade", target]
    given = {"LAB_DATABASE_URL": url}
    if means is None:
        finished = run(argv, cwd=workspace.root, env=given, timeout=timeout)
    else:
        root = workspace.root
        wall = Wall({root: CODE}, hidden=(PACKAGE,), network=True, environment=given | VARIABLES, folder=root)
        finished = sandbox.run(argv, wall, Bounds(seconds=timeout), means)
    if finished.code != 0:
        raise LabError(
            sentence(f"alembic upgrade {target} failed in {workspace.root}: {finished.last_line}"),
            "To see its whole output, run that command there.",
        )


def creator_of(workspace: Workspace, owned: OwnedObject) -> str:
    """Return a phrase for messages: the first migration file that names the object, or that none does."""
    for path in sorted((workspace.root / "migrations" / "versions").glob("*.py")):
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        if all(re.search(rf"\b{re.escape(word)}\b", text) for word in owned.name.split(".")):
            revision = REVISION.search(text)
            return f"revision {revision[1] if revision else '?'} made it ({path.relative_to(workspace.root)})"
    return "made by hand, for no revision in migrations/versions names it"
