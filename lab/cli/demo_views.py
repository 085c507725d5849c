"""What `demo` prints for people: the symptom, its cause, the cure, and last the figures before and after."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.text import Text

from lab.cli import interleaving_views, wrapped
from lab.cli.check_views import FigureLine, verdict_text
from lab.cli.scale import scale_of
from lab.operations.demo import ComparedFigure, Demonstration, Interleaving, Symptom
from lab.operations.measure import Evidence
from lab.scorecard.figure_text import short, value_text

WIDTH = 80
"""Characters of the last table in a pipe, and the least that it needs in a terminal."""

WIDEST = 120
BESIDE = 110
"""From this width on, the table has a column for the names of the figures."""

NAME, WHEN, VALUE, SCALE, RATIO = 40, 6, 9, 10, 6


def symptom(found: Symptom) -> Iterator[RenderableType]:
    yield Text(f"Fix {found.number}: {found.title}", "bold")
    yield _heading("Symptom")
    yield Text(found.symptom)
    yield ""
    yield from _evidence("Measured", found.evidence)
    yield from map(FigureLine, found.evidence.figures)


def cause(found: Symptom) -> Iterator[RenderableType]:
    yield _heading(found.cause.title or "Cause")
    yield from wrapped.guide(found.cause.text)
    if found.plan:
        yield from _plan("BEFORE", found.plan)
    if found.interleaving:
        yield _Diagram("BEFORE", found.interleaving)


def cure(found: Symptom) -> Iterator[RenderableType]:
    yield _heading("Cure: the code")
    yield from wrapped.diff(found.diff.rstrip())
    yield _heading("Cure: the schema, as Alembic runs it")
    yield from wrapped.code(found.sql.rstrip())


def demonstrated(found: Demonstration) -> Iterator[RenderableType]:
    """Yield the last act. Its table comes last, so that it stays in sight."""
    yield _heading("With the fix")
    yield from _evidence("Measured", found.after)
    if found.plans:
        yield from _plan("AFTER", found.plans[1])
    if found.interleavings[1]:
        yield _Diagram("AFTER", found.interleavings[1])
    yield f"\nFix {found.number} {'stays applied' if found.kept else 'is reverted'}."
    yield Text(f"\nFix {found.number}: {found.title}, before and after", "bold")
    yield _Comparison(found)


def _heading(text: str) -> Text:
    return Text(f"\n{text.upper()}", "bold")


def _evidence(what: str, evidence: Evidence) -> Iterator[RenderableType]:
    yield Text.assemble(f"{what}: ", verdict_text(evidence), f". {evidence.why}")


def _plan(when: str, plan: str) -> Iterator[RenderableType]:
    yield Text(f"\nPLAN {when}")
    yield from wrapped.code(plan)


@dataclass(frozen=True, slots=True)
class _Diagram:
    """The order of the requests, as wide as the terminal."""

    when: str
    interleaving: Interleaving

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        count = len(self.interleaving.requests)
        yield Text(f"\n{self.when}: {count} requests at once, as measured, in order of time")
        for line in interleaving_views.lines(self.interleaving, _width(console, options)):
            yield Text(line)


@dataclass(frozen=True, slots=True)
class _Comparison:
    """The table of figures: before and after, with bars on one scale, beside or below the figure's name."""

    found: Demonstration

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = _width(console, options)
        beside = width >= BESIDE
        label = (NAME if beside else 0) + 2 + WHEN
        bar = max(4, width - label - VALUE - SCALE - RATIO - 4 * 2)
        heads = (f"{'FIGURE':<{label}}", f"{'VALUE':>{VALUE}}", f"{'BAR':<{bar}}", f"{'SCALE':<{SCALE}}")
        yield Text("  ".join((*heads, f"{'RATIO':>{RATIO}}")), "bold")
        verdicts = verdict_text(self.found.before), verdict_text(self.found.after)
        yield from _named("verdict", *verdicts, beside=beside)
        for one in self.found.figures:
            yield from _named(one.name, *_bars(one, bar), beside=beside)


def _named(name: str, before: Text, after: Text, *, beside: bool) -> Iterator[Text]:
    """Return the lines of a figure, with its name in a column of its own or on a line above them."""
    rows = (Text.assemble(f"{'before':<{WHEN}}  ", before), Text.assemble(f"{'after':<{WHEN}}  ", after))
    if not beside:
        yield Text(name)
        yield from (Text.assemble("  ", row) for row in rows)
        return
    for part, row in zip_longest(textwrap.wrap(name, NAME), rows):
        yield Text.assemble(f"{part or '':<{NAME}}  ", row or "")


def _bars(one: ComparedFigure, width: int) -> tuple[Text, Text]:
    scale = scale_of(one.before, one.after)
    ratio = "" if one.ratio is None else f"{short(one.ratio)}×"

    def measured(value: float | None, style: str, note: str, times: str = "") -> Text:
        if value is None:
            left = Text(value_text(None, "").ljust(VALUE + 2 + width))
        else:
            number = f"{value_text(value, one.unit):>{VALUE}}  "
            left = Text.assemble(number, (scale.bar(value, width).ljust(width), style))
        return left.append(f"  {note:<{SCALE}}  {times:>{RATIO}}".rstrip())

    return measured(one.before, "red", scale.name), measured(one.after, "green", scale.start, ratio)


def _width(console: Console, options: ConsoleOptions) -> int:
    return min(options.max_width, WIDEST) if console.is_terminal else WIDTH
