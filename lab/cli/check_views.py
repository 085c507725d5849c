"""What `check` and `verify` print for people: verdicts, and figures with bars."""

from collections.abc import Iterator, Mapping

from rich.console import Group, RenderableType
from rich.text import Text

from lab.cli.tables import table
from lab.operations.measure import Checked, Evidence, Figure, Verdict
from lab.operations.neutral import Seen, SeenBugs
from lab.operations.verify import Verified

STYLES = {
    Verdict.FIXED: "green",
    Verdict.MASKED: "magenta",
    Verdict.PRESENT: "red",
    Verdict.BLOCKED: "yellow",
    Verdict.UNMEASURED: "cyan",
}
BAR = 12
"""Width of a bar in characters."""


def checked(found: Checked) -> Iterator[RenderableType]:
    bugs = table("N", "BUG", "VERDICT", "WHAT WAS SEEN")
    titles = {bug.number: bug.title for bug in found.bugs}
    for one in found.evidence:
        seen = Group(one.why, *map(figure_line, one.figures))
        bugs.add_row(str(one.bug), titles.get(one.bug, ""), _changed(one, found.previous), seen)
    yield bugs
    yield from (Text(f"\n{note}", "yellow") for note in found.notes)
    fixed = sum(one.verdict is Verdict.FIXED for one in found.evidence)
    yield f"\n{fixed} of {len(found.evidence)} fixed, in {found.seconds:.1f} s. Raw data: {found.run}"


def for_candidate(found: SeenBugs) -> Iterator[RenderableType]:
    bugs = table("N", "SYMPTOM", "NOW")
    for one in found.bugs:
        style = {Seen.SEEN: "red", Seen.NOT_SEEN: "green"}.get(one.state, "yellow")
        bugs.add_row(str(one.number), one.symptom, Text(one.state, style))
    yield bugs


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


def _changed(evidence: Evidence, previous: Mapping[int, Verdict]) -> Text:
    """Return the verdict, with the one from before if it is another."""
    before = previous.get(evidence.bug, evidence.verdict)
    was = "" if before is evidence.verdict else f" (was {before})"
    return verdict_text(evidence).append(was, "bold")


def figure_line(figure: Figure) -> Text:
    """Return a figure with its value, and a bar of how much of its limit it takes."""
    line = Text(f"  {figure.name}: {value_text(figure.value, figure.unit)}", "dim")
    if figure.limit is None:
        return line
    line.append("  ")
    line.append(_bar(figure.value, figure.limit), "green" if figure.within else "red")
    return line.append(f"  at most {value_text(figure.limit, figure.unit)}")


def _bar(value: float, limit: float) -> str:
    """Return a bar that is full at the limit. Above the limit, the ratio of value to limit follows it."""
    if value > limit:
        return "█" * BAR + (f" {short(value / limit)}×" if limit else "")
    filled = round(BAR * value / limit) if limit else 0
    return "█" * filled + "░" * (BAR - filled)


def value_text(value: float | None, unit: str) -> str:
    """Return a value with its unit, and a dash for one that was not measured."""
    if value is None:
        return "–"
    if unit == "ms" and value >= 1000:
        return f"{value / 1000:.1f} s"
    number = f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"
    return f"{number} {unit}".rstrip()


def short(ratio: float) -> str:
    """Return a ratio with two digits or more."""
    return f"{ratio:,.0f}" if ratio >= 10 else f"{ratio:.1f}"
