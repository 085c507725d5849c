"""Review the candidate's migrations: run them on a server of their own, watch, compare before with after."""

import os
import secrets
import shutil
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from lab.catalog import Fix
from lab.database import workspace_url
from lab.engine import journal
from lab.engine.candidate_history import CandidateHistory
from lab.engine.recorded_revisions import recorded
from lab.engine.revisions import History, Revision
from lab.engine.schema import read_schema
from lab.engine.watched import Failure, MigrationFailed
from lab.errors import EnvironmentFault, LabError, UsageError
from lab.files import write_atomic
from lab.json_files import to_json
from lab.lock import exclusive_lock
from lab.operations.catalog import catalog_of
from lab.operations.history import candidate_history
from lab.operations.ownership import require_dataset
from lab.operations.prepared import prepared_server
from lab.operations.review_run import Measured, measure
from lab.operations.shipped_history import ShippedHistory, edited, history_below
from lab.profile import profile_of
from lab.progress import Progress, Update, silent
from lab.review.failures import failed
from lab.review.finding import FAILED, Basis, Severity
from lab.review.finding import Finding as Finding
from lab.review.sarif import sarif
from lab.review.source import by_rule, read_sources, waived
from lab.review.statement_findings import merged
from lab.runtime import databases
from lab.runtime.account import MONITOR
from lab.runtime.prepared import Prepared
from lab.shadow import data, leftovers
from lab.shadow.leftovers import Reservation
from lab.shadow.server import start_server
from lab.workspace import Workspace

PRISTINE = "lab_review_before"
"""The database with the rows as they were: a copy, made before the migrations run."""

OF_THE_WHOLE = FAILED | {"does-not-end", "two-heads", "shipped-revision-edited"}
"""Findings that say something of every revision: because of them, others may not have been measured."""


@dataclass(frozen=True, slots=True)
class Figure:
    """What one revision did. Seconds; `slowest_write` is the longest that a write to `table` had to wait.

    Both of these are None and empty if no write was seen.
    """

    revision: str
    message: str
    file: str
    seconds: float
    slowest_write: float | None
    table: str


@dataclass(frozen=True, slots=True)
class Review:
    """The findings on the revisions above the shipped head, the worst first.

    `usual_write` is the slowest write before any of them ran, in seconds; `rows` the number of the seed's.
    `not_measured` names what was not measured, because the history cannot be run or an upgrade failed.
    """

    shipped_head: str
    revisions: tuple[str, ...]
    findings: tuple[Finding, ...]
    figures: tuple[Figure, ...]
    usual_write: float
    rows: int
    seconds: float
    not_measured: tuple[str, ...] = ()

    @property
    def problems(self) -> tuple[Finding, ...]:
        """The problems that nothing waives."""
        return tuple(one for one in self.findings if one.counts)


def review(workspace: Workspace, revisions: Sequence[str] = (), *, progress: Progress = silent) -> Review:
    """Review these revisions of the candidate's; by default, all. They are run on a copy of the seed's rows.

    Raises:
        UsageError: there is no such revision.
        EnvironmentFault: the lab is not up, or the copy cannot be made.
        Refused: a change of a fix was interrupted.
        Locked: another lab is changing the workspace, or preparing the server to copy.
    """
    with exclusive_lock(workspace.lock, progress=progress):
        journal.require_ended(workspace)
    url = workspace_url(workspace)
    dataset = require_dataset(url)
    prepared = prepared_server(workspace, dataset, progress, to_measure=True)
    recorded = read_schema(url).recorded
    applied = tuple(fix for fix in catalog_of(workspace).fixes if fix.revision in recorded)
    more = profile_of(workspace).top_up
    rows = max(dataset.rows, more.rows if more else 0)
    return review_on(workspace, prepared, applied, rows, revisions, history_below(workspace), progress)


def write_sarif(found: Review, file: Path) -> None:
    """Write the findings as SARIF. Raises as `write_atomic` does."""
    write_atomic(file, f"{to_json(sarif(found.findings))}\n".encode())


def review_on(
    workspace: Workspace,
    prepared: Prepared,
    applied: tuple[Fix, ...],
    rows: int,
    revisions: Sequence[str],
    below: ShippedHistory,
    progress: Progress,
) -> Review:
    """Review the revisions on a copy of this server, with the schema of the fixes that are applied.

    All above the head in `below` are the candidate's.
    """
    started = time.monotonic()
    progress(Update("Copying the database server"))
    with review_folder(workspace) as reserved:
        found = reviewed(workspace, prepared, reserved, applied, rows, revisions, below, progress)
    return replace(found, seconds=round(time.monotonic() - started, 1))


@contextmanager
def review_folder(workspace: Workspace) -> Iterator[Reservation]:
    """Reserve a folder for the server of a review, and delete it after the block."""
    folder = workspace.runs / f"review-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}-{secrets.token_hex(4)}"
    folder.mkdir(parents=True)
    try:
        reserved = leftovers.reserve(folder)
        try:
            yield reserved
        finally:
            leftovers.remove(reserved)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def reviewed(
    workspace: Workspace,
    prepared: Prepared,
    reserved: Reservation,
    applied: tuple[Fix, ...],
    rows: int,
    revisions: Sequence[str],
    below: ShippedHistory,
    progress: Progress,
) -> Review:
    """Review the revisions on a server in the reserved folder, as `review_on` does. The caller ends it."""
    started = time.monotonic()
    server = start_server(prepared, reserved)
    data.apply_fixes(server.url, applied)

    def copy() -> str:
        databases.create(server.account, PRISTINE, template=server.database)
        databases.close_to_owner(server.account, PRISTINE, MONITOR)
        return server.account.role_url(PRISTINE, MONITOR)

    with candidate_history(workspace, server.url, regain=server.regain) as candidate:
        findings, measured, chosen = _reviewed(workspace, candidate, below, revisions, copy, progress)
    order = list(Severity)
    files = {one.file for one in chosen}
    kept = [one for one in findings if not revisions or one.file in files or one.id in OF_THE_WHOLE]
    kept.sort(key=lambda one: (one.waived is not None, order.index(one.severity), one.file, one.line, one.id))
    figures = tuple(
        Figure(one.revision.id, one.revision.message, one.revision.file, one.seconds, *_slowest(one.waits))
        for one in measured.upgrades
        if one.revision in chosen
    )
    seconds = round(time.monotonic() - started, 1)
    ids = tuple(one.id for one in chosen)
    usual = round(measured.usual_write, 4)
    return Review(below.head, ids, tuple(kept), figures, usual, rows, seconds, measured.not_measured)


def _slowest(waits: dict[str, float]) -> tuple[float | None, str]:
    table = max(waits, key=lambda name: waits[name], default="")
    return (round(waits[table], 4), table) if table else (None, "")


def _reviewed(
    workspace: Workspace,
    candidate: CandidateHistory,
    below: ShippedHistory,
    revisions: Sequence[str],
    copy: Callable[[], str],
    progress: Progress,
) -> tuple[list[Finding], Measured, Sequence[Revision]]:
    """Return the findings, what was measured, and the revisions that are asked for."""
    progress(Update("Reading the history"))
    packages = [name for name in profile_of(workspace).folders if name != "migrations"]
    try:
        history = candidate.read()
    except EnvironmentFault:
        raise
    except LabError as error:
        return _unreadable(candidate, error, packages), Measured(not_measured=("what the revisions do",)), ()
    shipped_ids = history.at_or_below([below.head])
    own = [one for one in history.revisions if one.id not in shipped_ids]
    chosen = [_find(history, shipped_ids, id_) for id_ in revisions] or own
    sources = {one.file: one for one in read_sources(candidate.code, [one.file for one in own])}
    measured = Measured(not_measured=("what the revisions do",))
    if len(history.heads) > 1:
        found = [_heads(history, own)]
    else:
        if recorded(candidate.url) != (below.head,):  # a handout's head, with the schema of what is built in
            candidate.upgrade(below.head, lambda _: None)
        measured = measure(candidate, own, sources, below.head, copy(), progress)
        found = list(measured.findings)
    files = [one.file for one in history.revisions if one.id in shipped_ids]
    findings = list(edited(candidate.code, below, files))
    for source in sources.values():
        of_file = [one for one in found if one.file == source.file]
        judged = merged([*of_file, *by_rule(source, packages)])
        findings += waived(source, judged, complete=not measured.not_measured)
    findings += [one for one in found if one.file not in sources]
    return findings, measured, chosen


def _find(history: History, below: Collection[str], id_: str) -> Revision:
    """Return the revision of this id. Raises UsageError: there is none, or it is not the candidate's."""
    found = history.find(id_)
    if found.id in below:
        raise UsageError(f"Revision {found.id} is a shipped one.", "To see yours: lab migration status")
    return found


def _heads(history: History, own: Sequence[Revision]) -> Finding:
    heads = [one for one in own if one.id in history.heads] or list(own)
    file = max(heads, key=lambda one: one.id).file if heads else ""
    seen = f"The heads are {', '.join(history.heads)}."
    safe = f"alembic merge -m MESSAGE {' '.join(history.heads)}"
    return Finding("two-heads", file, 0, Basis.MEASURED, seen, safe)


def _unreadable(candidate: CandidateHistory, error: LabError, packages: Sequence[str]) -> list[Finding]:
    """Return what is wrong with a history that Alembic cannot read: a parent that is missing, or an error."""
    files = sorted(
        path.relative_to(candidate.code).as_posix()
        for path in candidate.code.glob("migrations/versions/*.py")
    )
    sources = read_sources(candidate.code, files)
    ids = {id_ for source in sources for id_ in source.ids}
    found = [
        Finding("does-not-run", source.file, line, Basis.MEASURED, f"There is no revision {parent}.")
        for source in sources
        for parent, line in source.parents.items()
        if parent not in ids
    ]
    if not found:
        failure = error.failure if isinstance(error, MigrationFailed) else Failure(str(error))
        found = [failed(failure, {one.file: one for one in sources})]
    named = {one.file for one in found}
    return found + [one for source in sources if source.file in named for one in by_rule(source, packages)]
