"""What `demo` prints for people: the symptom, its cause, the cure, and last the figures before and after."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.text import Text

from lab.cli import interleaving_views
from lab.cli.check_views import FigureLine, short, value_text, verdict_text
from lab.cli.scale import scale_of
from lab.cli.tables import Verbatim
from lab.operations.demo import Demonstration, Interleaving, Section, Symptom
from lab.operations.measure import Evidence

WIDTH = 80
"""Characters of the last table in a pipe, and the least that it needs in a terminal."""

WIDEST = 120
NAME, WHEN, VALUE, SCALE, RATIO = 24, 6, 9, 10, 6
DIFF_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def symptom(found: Symptom) -> Iterator[RenderableType]:
    yield Text(f"Fix {found.number}: {found.title}", "bold")
    yield _heading("Symptom")
    yield Text(found.symptom)
    yield ""
    yield from _evidence("Measured", found.evidence)
    yield from map(FigureLine, found.evidence.figures)


def cause(found: Symptom) -> Iterator[RenderableType]:
    yield _heading(found.cause.title or "Cause")
    yield from _prose(found.cause)
    if found.plan:
        yield Text(f"\nPLAN BEFORE\n{found.plan}")
    if found.interleaving:
        yield _Diagram("BEFORE", found.interleaving)


def cure(found: Symptom) -> Iterator[RenderableType]:
    yield _heading("Cure: the code")
    # The lines with the blobs' full hashes say nothing to a reader.
    lines = (line for line in found.diff.rstrip().splitlines() if not line.startswith("index "))
    yield from (Text(line, diff_style(line)) for line in lines)
    yield _heading("Cure: the schema, as Alembic runs it")
    yield Verbatim(found.sql.rstrip("\n"))


def demonstrated(found: Demonstration) -> Iterator[RenderableType]:
    """Yield the last act. Its table comes last, so that it stays in sight."""
    yield _heading("With the fix")
    yield from _evidence("Measured", found.after)
    if found.plans:
        yield Text(f"\nPLAN AFTER\n{found.plans[1]}")
    if found.interleavings[1]:
        yield _Diagram("AFTER", found.interleavings[1])
    yield f"\nFix {found.number} {'stays applied' if found.kept else 'is reverted'}."
    yield Text(f"\nFix {found.number}: {found.title}, before and after", "bold")
    yield _Comparison(found)


def diff_style(line: str) -> str:
    """Return the style of one line of a diff."""
    if line.startswith(("diff ", "index ", "--- ", "+++ ", "new file")):
        return "bold"
    return DIFF_STYLES.get(line[:1], "")


def paragraphs(markdown: str) -> Iterator[str]:
    """Return each paragraph and each list item as one line, without the guide's line breaks."""
    for block in re.split(r"\n\s*\n|\n(?=[-*] |\d+\. )", markdown):
        if block.strip():
            yield " ".join(block.split())


def _heading(text: str) -> Text:
    return Text(f"\n{text.upper()}", "bold")


def _evidence(what: str, evidence: Evidence) -> Iterator[RenderableType]:
    yield Text.assemble(f"{what}: ", verdict_text(evidence), f". {evidence.why}")


def _prose(section: Section) -> Iterator[RenderableType]:
    for number, paragraph in enumerate(paragraphs(section.text)):
        if number and not re.match(r"[-*] |\d+\. ", paragraph):
            yield ""
        yield Text(paragraph)


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
    """The table of figures: two lines each, before and after, with bars on one scale."""

    found: Demonstration

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        bar = max(4, _width(console, options) - NAME - WHEN - VALUE - SCALE - RATIO - 5 * 2)
        heads = ("FIGURE", "", f"{'VALUE':>{VALUE}}", "BAR", "SCALE", f"{'RATIO':>{RATIO}}")
        yield Text(_row(heads, bar).rstrip(), "bold")
        for when, evidence in (("before", self.found.before), ("after", self.found.after)):
            name = "verdict" if when == "before" else ""
            yield Text.assemble(f"{name:<{NAME}}  {when:<{WHEN}}  ", verdict_text(evidence))
        for one in self.found.figures:
            scale = scale_of(one.before, one.after)
            ratio = "" if one.ratio is None else f"{short(one.ratio)}×"
            names = textwrap.wrap(one.name, NAME)
            measured = (
                ("before", one.before, scale.name, "", "red"),
                ("after", one.after, scale.start, ratio, "green"),
            )
            for name, told in zip_longest(names, measured):
                left = f"{name or '':<{NAME}}"
                if told is None:
                    yield Text(left)
                    continue
                when, value, note, times, style = told
                left = f"{left}  {when:<{WHEN}}  {value_text(value, one.unit):>{VALUE}}  "
                right = f"  {note:<{SCALE}}  {times:>{RATIO}}".rstrip()
                yield Text.assemble(left, (scale.bar(value, bar).ljust(bar), style), right)


def _row(cells: tuple[str, ...], bar: int) -> str:
    widths = (NAME, WHEN, VALUE, bar, SCALE, RATIO)
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))


def _width(console: Console, options: ConsoleOptions) -> int:
    return min(options.max_width, WIDEST) if console.is_terminal else WIDTH
