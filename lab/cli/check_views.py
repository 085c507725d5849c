"""What `check`, `demo` and `verify` print for people: verdicts, figures with bars, before and after."""

from collections.abc import Iterator

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.text import Text

from lab.cli.tables import table
from lab.operations.demo import Demonstration
from lab.operations.measure import Checked, Evidence, Figure, Verdict
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
        seen = Group(one.why, *map(_figure, one.figures))
        bugs.add_row(str(one.bug), titles.get(one.bug, ""), _verdict(one), seen)
    yield bugs
    yield from (Text(f"\n{note}", "yellow") for note in found.notes)
    fixed = sum(one.verdict is Verdict.FIXED for one in found.evidence)
    yield f"\n{fixed} of {len(found.evidence)} fixed, in {found.seconds:.1f} s. Raw data: {found.run}"


def demonstrated(found: Demonstration) -> Iterator[RenderableType]:
    yield Text(f"{found.number}: {found.title}\n", "bold")
    figures = table("", "BEFORE", "AFTER", "RATIO")
    figures.add_row("verdict", _verdict(found.before), _verdict(found.after), "")
    for one in found.figures:
        ratio = "" if one.ratio is None else f"{_short(one.ratio)}×"
        figures.add_row(one.name, _value(one.before, one.unit), _value(one.after, one.unit), ratio)
    yield figures
    yield f"\nBefore: {found.before.why}"
    yield f"After:  {found.after.why}"
    if found.plans:
        before, after = found.plans
        yield ""
        yield Columns([Text(f"PLAN BEFORE\n{before}"), Text(f"PLAN AFTER\n{after}")], padding=(0, 4))
    yield f"\nFix {found.number} {'stays applied' if found.kept else 'is reverted'}."


def verified(found: Verified) -> Iterator[RenderableType]:
    bugs = [bug.number for bug in found.bugs]
    rows = table("", *map(str, bugs), "")
    for row in found.rows:
        evidence = {one.bug: one for one in row.evidence}
        verdicts = [_verdict(evidence[bug]) if bug in evidence else "" for bug in bugs]
        rows.add_row(row.state, *verdicts, Text("wrong", "red") if row.problems else Text("ok", "green"))
    yield rows
    yield ""
    yield from (Text(problem, "red") for problem in found.problems)
    count = len(found.problems)
    proved = "All fixes are proved." if found.whole else "Proved."
    summary = f"{count} problem{'s' if count > 1 else ''}." if count else proved
    yield f"{summary} Raw data: {found.run}"


def _verdict(evidence: Evidence) -> Text:
    by = f" by {evidence.blocked_by}" if evidence.blocked_by else ""
    return Text(f"{evidence.verdict}{by}", STYLES[evidence.verdict])


def _figure(figure: Figure) -> Text:
    line = Text(f"  {figure.name}: {_value(figure.value, figure.unit)}", "dim")
    if figure.limit is None:
        return line
    line.append("  ")
    line.append(_bar(figure.value, figure.limit), "green" if figure.within else "red")
    return line.append(f"  at most {_value(figure.limit, figure.unit)}")


def _bar(value: float, limit: float) -> str:
    """Return a bar that is full at the limit. Above the limit, the ratio of value to limit follows it."""
    if value > limit:
        return "█" * BAR + (f" {_short(value / limit)}×" if limit else "")
    filled = round(BAR * value / limit) if limit else 0
    return "█" * filled + "░" * (BAR - filled)


def _value(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    if unit == "ms" and value >= 1000:
        return f"{value / 1000:.1f} s"
    number = f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"
    return f"{number} {unit}".rstrip()


def _short(ratio: float) -> str:
    return f"{ratio:,.0f}" if ratio >= 10 else f"{ratio:.1f}"
