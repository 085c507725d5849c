"""Run the candidate's migrations in the lab's database.

Alembic runs as the owner of the database, behind a wall, on a copy of the code: see `CandidateHistory`.
`new_migration` writes one, `migration_status` compares files, database and models.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from lab.engine.recorded_revisions import invalid_indexes, recorded
from lab.engine.revisions import History
from lab.errors import LabError, Refused, UsageError
from lab.lock import exclusive_lock
from lab.operations.history import candidate_history, only_head, require_known, shipped_head
from lab.operations.migration_status import drop_index
from lab.operations.runtimes import require_up, runtime_of
from lab.progress import Progress, Update, silent
from lab.workspace import Workspace

SHIPPED = "The shipped schema belongs to the lab."
SEE = "To see all: lab migration status"


@dataclass(frozen=True, slots=True)
class RevisionRun:
    """One revision that was run: its message, its file, and the seconds that it took."""

    revision: str
    message: str
    file: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Migrated:
    """What `up` or `down` did: the revisions of the database before and after, and those that were run.

    `outdated` are the services that run other code than their files now have. `invalid_indexes` are those
    that no migration has completed, as SQL names them.
    """

    verb: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    ran: tuple[RevisionRun, ...]
    seconds: float
    outdated: tuple[str, ...]
    invalid_indexes: tuple[str, ...]


def up(workspace: Workspace, target: str = "head", *, progress: Progress = silent) -> Migrated:
    """Upgrade to `target`: `head`, `heads`, `+N` or a revision's id, or the beginning of one.

    Each revision is a transaction of its own, as the shipped env.py has it. After an error or ^C, those
    before it stay, and of the failed one only what ran outside of its transaction. The message says which
    revision the database has then, and how to drop an index that was not completed.

    Raises:
        UsageError: `target` means no revision.
        Refused: there are several heads, or the database has a revision that no file has.
        LabError: a migration, env.py or a model failed; the message names file and line.
        EnvironmentFault: the lab is not up, or the migrations did not end.
        Locked: another lab is changing the workspace.
    """

    def goal(history: History, before: tuple[str, ...]) -> str:
        applied = history.at_or_below(before)
        if target == "heads":
            return target
        if target == "head":
            return only_head(history)
        if not target.startswith("+"):
            return history.find(target).id
        only_head(history)
        pending = [one.id for one in history.revisions if one.id not in applied]
        steps = _number(target)
        if steps > len(pending):
            raise UsageError(f"{target} is too far: {len(pending)} revisions are pending.", SEE)
        return pending[steps - 1]

    return _migrate(workspace, "up", goal, progress)


def down(workspace: Workspace, target: str = "-1", *, progress: Progress = silent) -> Migrated:
    """Downgrade to `target`: `-N`, N steps back, or a revision's id, or the beginning of one.

    Otherwise the same as `up`.

    Raises:
        UsageError: `target` means no revision, or one that the database does not have.
        Refused: a shipped revision would be downgraded, or the database has a revision that no file has.
    """
    shipped = shipped_head(workspace)

    def goal(history: History, before: tuple[str, ...]) -> str:
        own = [one for one in history.revisions if one.id not in history.at_or_below([shipped])]
        applied = history.at_or_below(before)
        removable = [one for one in own if one.id in applied]
        if target == "base":
            raise _below_shipped(shipped)
        if not target.startswith("-"):
            wanted = history.find(target).id
            if wanted not in applied:
                raise UsageError(f"Revision {wanted} is not in the database.", SEE)
            if wanted != shipped and wanted in history.at_or_below([shipped]):
                raise _below_shipped(shipped)
            return wanted
        if _number(target) > len(removable):
            raise _below_shipped(shipped)
        if len(before) > 1:
            raise Refused(f"The database has {len(before)} heads: {', '.join(before)}.", "Name a revision.")
        return _steps_below(history, before[0], _number(target))

    return _migrate(workspace, "down", goal, progress)


def _migrate(
    workspace: Workspace, verb: str, goal: Callable[[History, tuple[str, ...]], str], progress: Progress
) -> Migrated:
    if workspace.journal.exists():
        from lab.operations import fixes

        progress(Update("Recovering from an interrupted change"))
        fixes.recover(workspace)
    with exclusive_lock(workspace.lock, progress=progress):
        runtime = runtime_of(workspace)
        require_up(runtime)
        url = runtime.url
        with candidate_history(workspace, url) as candidate:
            history, before = candidate.read(), recorded(url)
            require_known(history, before)
            target = goal(history, before)
            runs = _Runs(history, verb, progress)
            started = time.monotonic()
            with _telling_what_is_left(url, invalid_indexes(url)):
                (candidate.upgrade if verb == "up" else candidate.downgrade)(target, runs)
            seconds = time.monotonic() - started
        return Migrated(
            verb=verb,
            before=before,
            after=recorded(url),
            ran=runs.end(),
            seconds=seconds,
            outdated=tuple(one.name for one in runtime.status() if one.outdated),
            invalid_indexes=invalid_indexes(url),
        )


class _Runs:
    """Reports each revision when it begins to run, and measures how long it takes."""

    def __init__(self, history: History, verb: str, progress: Progress) -> None:
        self._revisions = {one.id: one for one in history.revisions}
        self._text = "Upgrading to" if verb == "up" else "Downgrading"
        self._progress = progress
        self._begun: list[tuple[str, float]] = []

    def __call__(self, id_: str) -> None:
        if id_ in self._revisions:  # else it is an invention of the candidate's code
            self._begun.append((id_, time.monotonic()))
            self._progress(Update(f"{self._text} {id_} {self._revisions[id_].message}".rstrip()))

    def end(self) -> tuple[RevisionRun, ...]:
        ends = [*(start for _, start in self._begun[1:]), time.monotonic()]
        return tuple(
            RevisionRun(id_, self._revisions[id_].message, self._revisions[id_].file, end - start)
            for (id_, start), end in zip(self._begun, ends, strict=bool(self._begun))
        )


@contextmanager
def _telling_what_is_left(url: str, invalid: tuple[str, ...]) -> Iterator[None]:
    """Say in an error of the block where the database is, and how to drop the indexes that it left."""
    try:
        yield
    except KeyboardInterrupt as pressed:
        pressed.add_note(_left(url, invalid))
        raise
    except LabError as error:
        error.message = f"{error.message} {_left(url, invalid)}".rstrip()
        raise


def _left(url: str, invalid: tuple[str, ...]) -> str:
    with suppress(LabError):
        at = ", ".join(recorded(url)) or "none"
        left = [drop_index(name) for name in invalid_indexes(url) if name not in invalid]
        return " ".join([f"The database is at revision {at}.", *left])
    return ""


def _steps_below(history: History, id_: str, steps: int) -> str:
    """Return the revision that many steps below. Below a merge, the last step may be to either branch."""
    for step in range(1, steps + 1):
        parents = history.find(id_).parents
        if len(parents) > 1 and step < steps:
            raise Refused(f"Revision {id_} is a merge, so the way back is not clear.", "Name a revision.")
        id_ = parents[0]
    return id_


def _below_shipped(shipped: str) -> Refused:
    return Refused(
        f"There is no way back below the shipped head, {shipped}. {SHIPPED}",
        "To have it again as at first, with its rows: lab reset",
    )


def _number(text: str) -> int:
    if text[1:].isdecimal() and int(text[1:]) > 0:
        return int(text[1:])
    raise UsageError(f"{text!r} is no number of steps.", "Use for example +1 to go up, -1 to go down.")
