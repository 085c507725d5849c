"""Report the files of the code that are saved or deleted, as the operating system sees it."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from lab.errors import EnvironmentFault
from lab.shipped import code_paths
from lab.workspace import Workspace

if TYPE_CHECKING:
    import watchfiles

POLL = 200
"""Milliseconds between two checks whether a watched folder or file was replaced."""

STEP = 20
"""Milliseconds without another change after which a save counts as complete."""


class SavedFiles:
    """Watches the code from its creation on. Raises EnvironmentFault if the files cannot be watched."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._start()

    def next(self) -> frozenset[Path]:
        """Wait at most POLL ms, and return the paths in the workspace that were saved, deleted or replaced.

        Raises:
            EnvironmentFault: the files cannot be watched any more.
        """
        changes = self._next()
        changed = {Path(path) for _, path in changes}
        deleted = {Path(path) for change, path in changes if change.name == "deleted"}
        # The kernel watches a folder, not its name: a new one of that name has to be watched instead.
        replaced = {path for path, inode in self._roots.items() if path in deleted or _inode(path) != inode}
        if replaced:
            self._start()
        return frozenset(path.relative_to(self._workspace.root) for path in changed | replaced)

    def _next(self) -> set[tuple["watchfiles.Change", str]]:
        try:
            return next(self._changes)
        except FileNotFoundError:
            raise
        except (OSError, RuntimeError) as error:  # a limit of inotify, or a folder that cannot be read
            raise EnvironmentFault(
                f"The code cannot be watched: {error}.",
                "To compare file times instead, set WATCHFILES_FORCE_POLLING=1.",
            ) from error

    def _start(self) -> None:
        import watchfiles  # slow to import, and only few commands need it

        files = watchfiles.DefaultFilter(ignore_dirs=["__pycache__"])
        paths = [self._workspace.root / name for name in code_paths(self._workspace)]
        started = False
        while not started:
            self._roots = {path: _inode(path) for path in paths}
            present = [path for path, inode in self._roots.items() if inode is not None]
            self._changes = watchfiles.watch(
                *present,
                watch_filter=files,
                step=STEP,
                rust_timeout=POLL,
                yield_on_timeout=True,
            )
            with suppress(FileNotFoundError):  # one was deleted since
                self._next()  # watching begins here
                started = True


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except OSError:
        return None
