"""What `check` and `verify` print for people: verdicts, and figures with bars."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from lab.cli.tables import table
from lab.operations.measure import Checked, Evidence, Figure, Regression, Verdict
from lab.operations.neutral import Seen, SeenBugs
from lab.operations.verify import Verified
from lab.scorecard.figure_text import short, value_text

STYLES = {
    Verdict.FIXED: "green",
    Verdict.MASKED: "magenta",
    Verdict.PRESENT: "red",
    Verdict.BLOCKED: "yellow",
    Verdict.UNMEASURED: "cyan",
}
WIDE = 140
"""Characters that the table of `check` needs for a column of its own for the titles."""

BAR = 12
"""Width of a bar in characters."""


def checked(found: Checked) -> Iterator[RenderableType]:
    yield _Verdicts(found)
    yield from (Text(f"\n{note}", "yellow") for note in found.notes)
    yield from _migrations(found)
    if found.better:
        yield Text(f"\nThe walls around the code are weak here ({found.level}). {found.better}", "yellow")
    yield from _beside(found)
    fixed = sum(one.verdict is Verdict.FIXED for one in found.evidence)
    yield _by_verdict(found) if len(found.evidence) > 1 else ""
    second = _second_half(found)
    yield f"{fixed} of {len(found.evidence)} fixed{second}, in {found.seconds:.1f} s. Raw data: {found.run}"


def _second_half(found: Checked) -> str:
    """Return what follows "fixed" in a verdict: whether anything else is broken, if that is known."""
    if found.beside is None or (found.not_compared and not found.regressions):
        return ""
    count = len(found.regressions)
    return f", {count} regression{'s' if count > 1 else ''}" if count else ", nothing else broken"


def _migrations(found: Checked) -> Iterator[RenderableType]:
    for one in found.migrations:
        where = f", {one.place}" if one.place else ""
        yield Text.assemble(("\nYour migration: ", "red"), f"{one.id}{where}: {one.seen}")
    if found.migrations and not found.migrations_fail:
        yield "For all findings: lab migration review"


def _beside(found: Checked) -> Iterator[RenderableType]:
    """Yield what was found beside the bugs: each regression with the requests that lead to it."""
    if found.beside is None:
        return
    yield from regressions(found.regressions)
    if found.not_compared:
        yield Text(f"\nWhat is beside the bugs could not be compared: {found.not_compared}.", "yellow")
    elif not found.regressions:
        yield f"\n{found.beside.requests:,} requests beside the bugs were answered as by the reference."


def regressions(found: Iterable[Regression]) -> Iterator[RenderableType]:
    """Yield each regression with the requests that lead to it."""
    for one in found:
        yield Text.assemble(("\nRegression: ", "red"), str(one))
        if len(one.requests) > 1:
            yield Padding(Text("after " + "\n      ".join(one.requests[:-1]), "dim"), (0, 0, 0, 2))


def for_candidate(found: SeenBugs) -> Iterator[RenderableType]:
    bugs = table("N", "SYMPTOM", "NOW")
    for one in found.bugs:
        style = {Seen.SEEN: "red", Seen.NOT_SEEN: "green"}.get(one.state, "yellow")
        bugs.add_row(str(one.number), one.symptom, Text(one.state, style))
    yield bugs
    for broken in found.broken:
        yield Text.assemble(("\nThis worked before: ", "red"), broken)
    for seen in found.migrations:
        yield Text.assemble(("\nYour migration: ", "red"), seen)


def verified(found: Verified) -> Iterator[RenderableType]:
    bugs = [bug.number for bug in found.bugs]
    rows = table("", *map(str, bugs), "")
    for row in found.rows:
        evidence = {one.bug: one for one in row.evidence}
        verdicts = [verdict_text(evidence[bug]) if bug in evidence else "" for bug in bugs]
        rows.add_row(row.state, *verdicts, Text("wrong", "red") if row.problems else Text("ok", "green"))
    yield rows
    yield ""
    yield from (Text(problem, "red") for problem in found.problems)
    count = len(found.problems)
    proved = "All fixes are proved." if found.whole else "Proved."
    summary = f"{count} problem{'s' if count > 1 else ''}." if count else proved
    yield f"{summary} Raw data: {found.run}"


def verdict_text(evidence: Evidence) -> Text:
    """Return the verdict in its colour, with the bug that blocks it."""
    by = f" by {evidence.blocked_by}" if evidence.blocked_by else ""
    return Text(f"{evidence.verdict}{by}", STYLES[evidence.verdict])


@dataclass(frozen=True, slots=True)
class _Verdicts:
    """The table of `check`. In a narrow one, the title is above what was seen, not beside it."""

    found: Checked

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> RenderResult:
        yield self._wide() if options.max_width >= WIDE else self._narrow()

    def _wide(self) -> Table:
        bugs = table("N", "BUG", "VERDICT", "WHAT WAS SEEN")
        titles = {bug.number: bug.title for bug in self.found.bugs}
        for one in self.found.evidence:
            seen = Group(one.why, *map(FigureLine, one.figures))
            bugs.add_row(str(one.bug), titles.get(one.bug, ""), _verdict(one, self.found), seen)
        return bugs

    def _narrow(self) -> Table:
        bugs = table("N", "VERDICT", "BUG AND WHAT WAS SEEN", unwrapped=("N", "VERDICT"))
        titles = {bug.number: bug.title for bug in self.found.bugs}
        for one in self.found.evidence:
            seen = Group(Text(titles.get(one.bug, ""), "bold"), one.why, *map(FigureLine, one.figures))
            bugs.add_row(str(one.bug), _verdict(one, self.found, "\n"), seen)
        return bugs


def _verdict(evidence: Evidence, found: Checked, space: str = " ") -> Text:
    """Return the verdict with its second half, and the one from before if it is another."""
    before = found.previous.get(evidence.bug, evidence.verdict)
    was = "" if before is evidence.verdict else f"{space}(was {before})"
    second = _second_half(found) if evidence.verdict is Verdict.FIXED else ""
    style = "red" if found.regressions else "green"
    return verdict_text(evidence).append(second.replace(", ", f",{space}"), style).append(was, "bold")


def _by_verdict(found: Checked) -> Text:
    """Return the bugs of each verdict on one line: the table may have left the screen."""
    line = Text("\n")
    for verdict in Verdict:
        bugs = ", ".join(str(one.bug) for one in found.evidence if one.verdict is verdict)
        second = _second_half(found) if verdict is Verdict.FIXED else ""
        if bugs:
            line.append(f"{verdict.capitalize()}{second}: ", STYLES[verdict]).append(f"{bugs}. ")
    line.rstrip()
    return line


@dataclass(frozen=True, slots=True)
class FigureLine:
    """A figure: its value, and a bar of how much of its limit it takes, below it if there is no room."""

    figure: Figure

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> RenderResult:
        one = self.figure
        value = Text(f"{one.name}: {value_text(one.value, one.unit)}", "dim")
        if one.limit is None:
            yield Padding(value, (0, 0, 0, 2))
            return
        bar = Text.assemble(
            (_bar(one.value, one.limit), "green" if one.within else "red"),
            (f"  at most {value_text(one.limit, one.unit)}", "dim"),
        )
        if value.cell_len + 2 + bar.cell_len <= options.max_width - 2:
            yield Padding(Text.assemble(value, "  ", bar), (0, 0, 0, 2))
        else:
            yield Padding(value, (0, 0, 0, 2))
            yield Padding(bar, (0, 0, 0, 4))


def _bar(value: float, limit: float) -> str:
    """Return a bar that is full at the limit. From 1.1 on, the ratio of value to limit follows it."""
    if value > limit:
        return "█" * BAR + (f" {short(value / limit)}×" if limit and value / limit >= 1.1 else "")
    filled = round(BAR * (value / limit)) if value > 0 else 0  # a card that was edited may be below 0
    return "█" * filled + "░" * (BAR - filled)
