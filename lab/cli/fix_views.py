"""The library's results as tables. Nothing here looks anything up."""

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from lab.cli.fix_texts import named
from lab.operations.catalog import BrokenFix, FixList
from lab.operations.fix_status import Event, FixStatus, State

STYLES = {State.PRESENT: "green", State.ABSENT: "", State.MIXED: "red", State.UNKNOWN: "yellow"}
WORDS = {State.PRESENT: "applied", State.ABSENT: "absent", State.MIXED: "mixed", State.UNKNOWN: "unknown"}


def library(found: FixList) -> RenderableType:
    table = _table("N", "SLUG", "TITLE", "DIFFICULTY", "AREA")
    for fix in found.fixes:
        table.add_row(str(fix.number), fix.slug, fix.title, fix.difficulty, fix.area)
    return Group(table, *_unusable(found.unusable))


def status(found: FixStatus) -> RenderableType:
    table = _table("N", "FIX", "CODE", "SCHEMA", "IN THE WAY")
    for row in found.fixes:
        why = "\n".join(row.why) or row.blocked.partition("\n")[0]
        table.add_row(str(row.number), row.slug, _word(row.code), _word(row.schema), why)
    notes = [f"\nThe schema is unknown: {found.database}"] if found.database else []
    if found.interrupted:
        notes.append(
            f"\nA change of {named(found.interrupted)} was interrupted. Take it back: lab fix recover"
        )
    return Group(table, *map(Text, notes), *_unusable(found.unusable))


def log(events: Sequence[Event]) -> RenderableType:
    if not events:
        return Text("No fix was applied or reverted here yet.")
    table = _table("WHEN", "WHAT", "FIXES", "SECONDS", "FILES")
    for event in events:
        numbers = ", ".join(map(str, event.fixes))
        table.add_row(event.at, event.verb, numbers, f"{event.seconds:.2f}", ", ".join(event.files))
    return table


def _unusable(folders: Iterable[BrokenFix]) -> Iterator[RenderableType]:
    for report in folders:
        lines = "".join(f"\n  {problem}" for problem in report.problems)
        yield Text(f"\n{report.folder} cannot be used:{lines}", style="red")


def _word(state: State) -> Text:
    return Text(WORDS[state], style=STYLES[state])


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
