"""What `lab card mark` prints for people: each line with its evidence and marks, and what was saved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lab.cli.tables import coloured
from lab.operations.mark import GivenMark, MarkedLine, Marking
from lab.scorecard.templates import moment
from lab.sentences import printable

if TYPE_CHECKING:
    from rich.console import RenderableType


def marking(found: Marking) -> Iterator[RenderableType]:
    yield from _warnings(found)
    phase = ""
    for line in found.lines:
        if line.phase != phase:
            phase = line.phase
            yield coloured(f"\n{phase.upper()}", "bold")
        yield from _line(line)
    yield ""
    yield from _state(found)


def saved(found: Marking) -> Iterator[RenderableType]:
    yield from _warnings(found)
    for line in found.lines:
        for one in line.marks:
            if one.mark or one.note:
                yield _mark(f"{line.id}, ", one)
        if line.agreement:
            yield f"  The marks are {line.agreement}."
    yield ""
    yield from _state(found)


def _warnings(found: Marking) -> Iterator[RenderableType]:
    yield f"{printable(found.submission)}, marked by {found.rater}"
    if found.problem:
        yield coloured(f"It could not be measured: {printable(found.problem)}", "yellow")
    if found.cut:
        yield coloured(
            "The last event was only half written, and is left out: a save was interrupted. Look whether "
            "your last mark is there.",
            "yellow",
        )


def _line(line: MarkedLine) -> Iterator[RenderableType]:
    from rich.padding import Padding
    from rich.text import Text

    yield Text.assemble("\n", (line.id, "bold"), f"  {line.title}")
    parts = [(line.asks, "")]
    parts += [(f"{mark}: {text}", "dim") for mark, text in line.anchors.items()]
    parts += [(f"- {text}", "") for text in line.evidence]
    for text, style in parts:
        yield Padding(Text(text, style), (0, 0, 0, 2))
    for one in line.marks:
        if one.mark or one.note:
            yield _mark("  ", one)
    if line.agreement:
        yield f"  The marks are {line.agreement}."


def _mark(before: str, one: GivenMark) -> RenderableType:
    from rich.text import Text

    late = f" (after signing; signed as {one.signed_as or 'no mark'})" if one.late else ""
    note = " / ".join(map(printable, one.note.splitlines()))
    return Text.assemble(
        before, f"{one.rater}: ", (one.mark or "no mark", "cyan"), late, f". {note}" if note else ""
    )


def _state(found: Marking) -> Iterator[RenderableType]:
    if found.signed is None:
        yield "Not signed yet: the marks of others are not shown. To sign: --sign."
    else:
        at = moment(found.signed)
        yield f"Signed by {found.rater} on {at}."
        if found.others:
            yield f"Signed too, and shown: {', '.join(found.others)}."
    if found.unsigned_changes and found.signed is not None:
        yield "There are changes since then that are not signed. To sign them: --sign."
    if found.unmarked:
        yield f"Without a mark of yours: {', '.join(found.unmarked)}."
    yield f"The history's hash, to note elsewhere: {found.history}"
