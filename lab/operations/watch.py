"""Wait until a file of the code is saved, and say which bugs the change may affect."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from lab.errors import EnvironmentFault
from lab.operations.measure import prepare_target, select_bugs
from lab.probes.suite import PROBES
from lab.shipped import FILES, FOLDERS
from lab.workspace import Workspace

if TYPE_CHECKING:
    import watchfiles

POLL = 200
"""Milliseconds between two checks whether a watched folder or file was replaced."""

TOUCHES: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("app/device_service/", (2, 3, 5, 6, 7)),
    ("app/workflow_service/", (1, 2, 4)),
    ("compose/", (1, 6)),
)
"""The bugs whose verdict a change in a folder can affect. A change elsewhere can affect every bug."""


class Watch:
    """Watches the code from its creation on, so that a file saved during a measurement is not missed."""

    def __init__(self, workspace: Workspace, tokens: Sequence[str]) -> None:
        self._workspace = workspace
        self._numbers = select_bugs(prepare_target(workspace), tokens)
        self._start()

    def wait(self) -> tuple[str, ...]:
        """Wait until a file that may affect chosen bugs is saved or deleted. Return their numbers as text.

        Raises:
            EnvironmentFault: the files cannot be watched.
        """
        while True:
            changes = self._next()
            changed = {Path(path) for _, path in changes}
            deleted = {Path(path) for change, path in changes if change.name == "deleted"}
            # The kernel watches a folder, not its name: a new one of that name has to be watched instead.
            replaced = {
                path for path, inode in self._roots.items() if path in deleted or _inode(path) != inode
            }
            if replaced:
                self._start()
            root = self._workspace.root
            touched = {bug for path in changed | replaced for bug in touches(path.relative_to(root))}
            if hit := tuple(str(number) for number in self._numbers if number in touched):
                return hit

    def _next(self) -> set[tuple["watchfiles.Change", str]]:
        try:
            return next(self._changes)
        except FileNotFoundError:
            raise
        except (OSError, RuntimeError) as error:  # a limit of inotify, or a folder that cannot be read
            raise EnvironmentFault(
                f"The code cannot be watched: {error}.",
                "Compare file times instead: WATCHFILES_FORCE_POLLING=1 lab check --watch",
            ) from error

    def _start(self) -> None:
        import watchfiles  # slow to import, and only --watch needs it

        files = watchfiles.DefaultFilter(ignore_dirs=["__pycache__"])
        paths = [self._workspace.root / name for name in (*FOLDERS, *FILES)]
        started = False
        while not started:
            self._roots = {path: _inode(path) for path in paths}
            present = [path for path, inode in self._roots.items() if inode is not None]
            self._changes = watchfiles.watch(
                *present, watch_filter=files, rust_timeout=POLL, yield_on_timeout=True
            )
            with suppress(FileNotFoundError):  # one was deleted since
                self._next()  # watching begins here
                started = True


def touches(path: Path) -> tuple[int, ...]:
    """Return the bugs that a change of this file may affect. The path is relative to the workspace."""
    return next((bugs for folder, bugs in TOUCHES if str(path).startswith(folder)), tuple(PROBES))


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except OSError:
        return None
