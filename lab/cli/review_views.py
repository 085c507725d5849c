"""What `migration review` prints for people: the figures of each revision, then its findings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lab.cli.tables import coloured, table
from lab.operations.review import Figure, Finding, Review
from lab.sentences import counted

if TYPE_CHECKING:
    from rich.console import RenderableType

STYLES = {"problem": "red", "advice": "yellow", "note": "cyan"}
SECONDS = 1.0
"""A shorter time is shown in milliseconds."""


def review(found: Review) -> Iterator[RenderableType]:
    if not found.revisions and not found.findings:
        yield f"There is nothing above the shipped head, {found.shipped_head}."
        yield 'Make a migration: lab migration new "…"'
        return
    if found.figures:
        yield _figures(found)
    for one in found.findings:
        yield from _finding(one)
    yield ""
    if found.not_measured:
        yield coloured(f"Not measured: {', '.join(found.not_measured)}.", "yellow")
    yield _summary(found)


def _figures(found: Review) -> RenderableType:
    listed = table("REVISION", "MESSAGE", "RAN", "SLOWEST WRITE", unwrapped=("REVISION", "RAN"))
    for one in found.figures:
        listed.add_row(one.revision, one.message, _time(one.seconds), _write(one))
    listed.add_row("", "no migration", "", _time(found.usual_write), style="dim")
    return listed


def _write(one: Figure) -> str:
    return (
        "no write was measured"
        if one.slowest_write is None
        else f"{_time(one.slowest_write)}, to {one.table}"
    )


def _finding(one: Finding) -> Iterator[RenderableType]:
    from rich.padding import Padding
    from rich.text import Text

    style = "dim" if one.waived is not None else STYLES[one.severity]
    word = f"{one.severity}, waived" if one.waived is not None else str(one.severity)
    how = "by rule" if one.how == "rule" else "measured"
    yield Text.assemble((f"\n{word}: ", style), (one.id, "bold"), f" ({how})")
    yield Padding(Text(f"{one.place}\n{one.seen}".lstrip()), (0, 0, 0, 2))
    if one.waived is not None:
        yield Padding(Text(f"Waived: {one.waived}"), (0, 0, 0, 2))
    elif one.safer:
        yield coloured("  Safer:", "dim")
        yield Padding(Text(one.safer, "green"), (0, 0, 0, 4))


def _summary(found: Review) -> RenderableType:
    problems = len(found.problems)
    advice = sum(one.severity == "advice" and one.waived is None for one in found.findings)
    waived = sum(one.waived is not None for one in found.findings)
    parts = [counted(problems, "problem") if problems else "No problem"]
    parts += [f"{advice} advice"] if advice else []
    parts += [f"{waived} waived"] if waived else []
    ran = (
        f"Reviewed on {found.rows:,} rows in {found.seconds:.1f} s." if found.figures else "Nothing was run."
    )
    text = f"{', '.join(parts)}. {ran}"
    return coloured(text, "red" if problems else "green")


def _time(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= SECONDS else f"{seconds * 1000:.0f} ms"
