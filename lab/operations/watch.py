"""Wait until somebody saves a file of the code, and say which bugs that may have changed."""

import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from lab.operations.measure import prepare_target, select_bugs
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


class Watch:
    """Remembers the files as they were; what is saved while a measurement runs is not missed."""

    def __init__(self, workspace: Workspace, tokens: Sequence[str]) -> None:
        self._workspace = workspace
        self._numbers = select_bugs(prepare_target(workspace), tokens)
        self._before = _times(workspace)

    def wait(self) -> tuple[str, ...]:
        """Return when a file is saved; answers those of the asked-for bugs that it may touch."""
        while True:
            now = _times(self._workspace)
            changed = [path for path in {*self._before, *now} if self._before.get(path) != now.get(path)]
            self._before = now
            touched = {bug for path in changed for bug in touches(path.relative_to(self._workspace.root))}
            if hit := tuple(str(number) for number in self._numbers if number in touched):
                return hit
            time.sleep(POLL)


def touches(path: Path) -> tuple[int, ...]:
    """The bugs that a change of this file may touch."""
    return next((bugs for folder, bugs in TOUCHES if str(path).startswith(folder)), tuple(PROBES))


def _times(workspace: Workspace) -> Mapping[Path, float]:
    # os.walk passes over a folder that goes away meanwhile; Path.rglob raises, before Python 3.13.
    walked = (entry for name in FOLDERS for entry in os.walk(workspace.root / name))
    files = [Path(folder, name) for folder, _, names in walked for name in names]
    found: dict[Path, float] = {}
    for path in (*files, *(workspace.root / name for name in FILES)):
        if path.suffix != ".pyc":
            with suppress(OSError):  # it was deleted since it was listed
                found[path] = path.stat().st_mtime
    return found
