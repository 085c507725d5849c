"""Wait until somebody saves a file of the code, and say which bugs that may have changed."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from lab.operations.measure import chosen, site
from lab.probes.suite import PROBES
from lab.shipped import FILES, FOLDERS
from lab.workspace import Workspace

POLL = 0.4
TOUCHES: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("app/device_service/", (2, 3, 5, 6, 7)),
    ("app/workflow_service/", (1, 2, 4)),
    ("compose/", (1, 6)),
)
"""What a change in a folder can change the verdict on; anywhere else, on everything."""


def saved(workspace: Workspace, tokens: Sequence[str]) -> tuple[str, ...]:
    """Return when a file is saved; answers those of the asked-for bugs that it may touch."""
    numbers = chosen(site(workspace), tokens)
    before = _times(workspace)
    while True:
        time.sleep(POLL)
        now = _times(workspace)
        changed = [path for path in {*before, *now} if before.get(path) != now.get(path)]
        touched = {bug for path in changed for bug in touches(path.relative_to(workspace.root))}
        if hit := tuple(str(number) for number in numbers if number in touched):
            return hit
        before = now


def touches(path: Path) -> tuple[int, ...]:
    """The bugs that a change of this file may touch."""
    return next((bugs for folder, bugs in TOUCHES if str(path).startswith(folder)), tuple(PROBES))


def _times(workspace: Workspace) -> Mapping[Path, float]:
    found: dict[Path, float] = {}
    roots = [workspace.root / name for name in FOLDERS]
    for path in (*(path for root in roots for path in root.rglob("*")), *(workspace.root / f for f in FILES)):
        if path.suffix != ".pyc":
            try:
                found[path] = path.stat().st_mtime if path.is_file() else 0.0
            except OSError:
                continue  # it was deleted since it was listed
    return found
