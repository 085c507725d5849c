"""What the commands of the group `migration` print for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lab.cli.tables import Verbatim, coloured, table
from lab.operations.migration import Migrated
from lab.operations.migration_status import MigrationStatus, drop_index

if TYPE_CHECKING:
    from rich.console import RenderableType

    from lab.operations.new_migration import NewMigration


def new(made: NewMigration) -> Iterator[str]:
    yield Verbatim(f"Made {made.file}, revision {made.revision} after {made.parent}.")
    if made.autogenerate and made.empty:
        yield "The models and the database agree, so it changes nothing yet."
    first = "Read and correct" if made.autogenerate and not made.empty else "Write"
    yield f"{first} its upgrade() and downgrade(). Then run it: lab migration up"


def migrated(done: Migrated) -> Iterator[RenderableType]:
    for one in done.ran:
        yield f"{one.revision} {one.message} ({one.seconds:.2f} s)"
    word = "is" if done.ran else "was already"
    yield f"The database {word} at revision {_listed(done.after)}."
    for name in done.invalid_indexes:
        yield coloured(drop_index(name), "yellow")
    for name in done.outdated:
        text = f"{name} was started from older code than the files have now. Restart it: lab restart {name}"
        yield coloured(text, "yellow")


def status(report: MigrationStatus) -> Iterator[RenderableType]:
    yield f"Shipped head: {report.shipped_head}. {_database(report)}"
    if report.revisions:
        listed = table("REVISION", "MESSAGE", "FILE", "IN THE DATABASE", unwrapped=("REVISION",))
        for one in report.revisions:
            listed.add_row(one.revision, one.message, one.file, _applied(one.in_database))
        yield ""
        yield listed
        yield ""
    else:
        yield 'You have no migrations. Make one: lab migration new "…"'
    if len(report.heads) > 1:
        heads = f"There are {len(report.heads)} heads: {_listed(report.heads)}."
        yield coloured(f"{heads} Merge them: alembic merge -m MESSAGE {' '.join(report.heads)}", "red")
    if report.unknown:
        yield coloured(f"No file has revision {_listed(report.unknown)}, which the database has.", "red")
    if report.pending:
        yield f"Pending: {_listed(report.pending)}. Run them: lab migration up"
    for name in report.invalid_indexes:
        yield coloured(drop_index(name), "yellow")
    yield from _models(report)


def _models(report: MigrationStatus) -> Iterator[RenderableType]:
    if report.differences is None:
        yield f"Models and database were not compared: {report.not_compared}".rstrip(".") + "."
    elif not report.differences:
        yield "Models and database agree."
    else:
        yield coloured("Models and database differ:", "yellow")
        yield from (f"  {text}" for text in report.differences)


def _database(report: MigrationStatus) -> str:
    if report.database is None:
        return "The lab is not up: lab up"
    return f"The database is at {_listed(report.database)}."


def _applied(state: bool | None) -> RenderableType:
    if state is None:
        return coloured("unknown", "dim")
    return coloured("yes", "green") if state else coloured("no", "yellow")


def _listed(ids: Sequence[str]) -> str:
    return ", ".join(ids) or "none"
