"""How the candidate's files, the lab's database and the models agree."""

from dataclasses import dataclass
from shlex import quote

from lab.engine.candidate_history import Compared
from lab.engine.recorded_revisions import invalid_indexes, recorded
from lab.engine.revisions import History
from lab.operations.history import candidate_history, shipped_head
from lab.operations.runtimes import runtime_of
from lab.workspace import Workspace


@dataclass(frozen=True, slots=True)
class RevisionStatus:
    """A revision of the candidate's. `in_database` is None if the lab is not up."""

    revision: str
    parents: tuple[str, ...]
    message: str
    file: str
    in_database: bool | None


@dataclass(frozen=True, slots=True)
class MigrationStatus:
    """The candidate's revisions, in order, above the shipped head.

    `database` is None if the lab is not up, `differences` between models and schema are None if they were not
    compared: `not_compared` says why. `unknown` are revisions in the database that no file has.
    """

    shipped_head: str
    revisions: tuple[RevisionStatus, ...]
    heads: tuple[str, ...]
    database: tuple[str, ...] | None
    pending: tuple[str, ...]
    unknown: tuple[str, ...]
    differences: tuple[str, ...] | None
    not_compared: str
    invalid_indexes: tuple[str, ...]


def status(workspace: Workspace) -> MigrationStatus:
    """Return the candidate's revisions, and how files, database and models agree; also if the lab is down.

    Raises:
        LabError: a revision's file cannot be loaded; the message names file and line.
    """
    shipped, url = shipped_head(workspace), _url_if_up(workspace)
    with candidate_history(workspace, url) as candidate:
        found = candidate.compare() if url else Compared(candidate.read())
    history, database = found.history, recorded(url) if url else None
    applied = history.at_or_below(database or ())
    own = [one for one in history.revisions if one.id not in history.at_or_below([shipped])]
    not_compared = _not_comparable(history, database) or found.problem
    return MigrationStatus(
        shipped_head=shipped,
        revisions=tuple(
            RevisionStatus(
                one.id, one.parents, one.message, one.file, None if database is None else one.id in applied
            )
            for one in own
        ),
        heads=history.heads,
        database=database,
        pending=tuple(one.id for one in own if database is not None and one.id not in applied),
        unknown=tuple(id_ for id_ in database or () if id_ not in history.ids),
        differences=None if not_compared else found.differences,
        not_compared=not_compared,
        invalid_indexes=invalid_indexes(url) if url else (),
    )


def drop_index(name: str) -> str:
    """Return a sentence on an invalid index, and how to drop it."""
    how = quote(f"DROP INDEX CONCURRENTLY {name}")
    return f"The index {name} is invalid, because it was not completed. Drop it: lab psql -c {how}"


def _not_comparable(history: History, database: tuple[str, ...] | None) -> str:
    if database is None:
        return "the lab is not up"
    if len(history.heads) > 1:
        return "there are several heads"
    return "" if database == history.heads else "the database is not at the head"


def _url_if_up(workspace: Workspace) -> str:
    runtime = runtime_of(workspace)
    return runtime.url if runtime.database_running() else ""
