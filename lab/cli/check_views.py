"""Measurements as a person reads them: verdicts, figures with bars, before and after, a proof's matrix."""

from collections.abc import Iterable

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from lab.operations.demo import ComparedFigure, Demonstration
from lab.operations.measure import Checked, Evidence, Figure, Verdict
from lab.operations.verify import ProofRow, Verified

STYLES = {
    Verdict.FIXED: "green",
    Verdict.MASKED: "magenta",
    Verdict.PRESENT: "red",
    Verdict.BLOCKED: "yellow",
    Verdict.UNMEASURED: "cyan",
}
BAR = 12


def checked(found: Checked) -> RenderableType:
    table = _table("N", "BUG", "VERDICT", "WHAT WAS SEEN")
    titles = {bug.number: bug.title for bug in found.bugs}
    for one in found.evidence:
        seen = Group(Text(one.why), *_figures(one.figures))
        table.add_row(str(one.bug), titles.get(one.bug, ""), verdict(one), seen)
    fixed = sum(one.verdict is Verdict.FIXED for one in found.evidence)
    notes = [Text(f"\n{note}", "yellow") for note in found.notes]
    summary = f"\n{fixed} of {len(found.evidence)} fixed, in {found.seconds:.1f} s. Raw data: {found.run}"
    return Group(table, *notes, Text(summary))


def verdict(evidence: Evidence) -> Text:
    by = f" by {evidence.blocked_by}" if evidence.blocked_by else ""
    return Text(f"{evidence.verdict}{by}", STYLES[evidence.verdict])


def shown(found: Demonstration) -> RenderableType:
    table = _table("", "BEFORE", "AFTER", "RATIO")
    table.add_row("verdict", verdict(found.before), verdict(found.after), "")
    for one in found.figures:
        table.add_row(one.name, _value(one.before, one.unit), _value(one.after, one.unit), _ratio(one))
    parts: list[RenderableType] = [Text(f"{found.number}: {found.title}\n", "bold"), table, Text()]
    parts += [Text(f"Before: {found.before.why}"), Text(f"After:  {found.after.why}")]
    if found.plans:
        before, after = found.plans
        parts += [
            Text(),
            Columns([Text(f"PLAN BEFORE\n{before}"), Text(f"PLAN AFTER\n{after}")], padding=(0, 4)),
        ]
    parts.append(Text(f"\nFix {found.number} {'stays applied' if found.kept else 'is reverted'}."))
    return Group(*parts)


def verified(found: Verified) -> RenderableType:
    table = _table("", *(str(bug.number) for bug in found.bugs), "")
    for row in found.rows:
        table.add_row(row.state, *_cells(row, [bug.number for bug in found.bugs]), _proved(row))
    problems = [Text(problem, "red") for problem in found.problems]
    proved = "The library is proved." if found.whole else "Proved."
    said = f"{len(problems)} problems." if problems else proved
    return Group(table, Text(), *problems, Text(f"{said} Raw data: {found.run}"))


def _cells(row: ProofRow, bugs: Iterable[int]) -> Iterable[Text]:
    found = {one.bug: one for one in row.evidence}
    return [verdict(found[bug]) if bug in found else Text("") for bug in bugs]


def _proved(row: ProofRow) -> Text:
    return Text("wrong", "red") if row.problems else Text("ok", "green")


def _figures(figures: Iterable[Figure]) -> list[Text]:
    return [_figure(figure) for figure in figures]


def _figure(figure: Figure) -> Text:
    line = Text(f"  {figure.name}: {_value(figure.value, figure.unit)}", "dim")
    if figure.limit is None:
        return line
    line.append("  ")
    line.append(_bar(figure), "green" if figure.within else "red")
    return line.append(f"  at most {_value(figure.limit, figure.unit)}")


def _bar(figure: Figure) -> str:
    """How much of the limit was used; a full bar with its factor where that is more than all."""
    if figure.within:
        filled = round(BAR * figure.value / figure.limit) if figure.limit else 0
        return "█" * filled + "░" * (BAR - filled)
    over = f" {_short(figure.value / figure.limit)}×" if figure.limit else ""
    return "█" * BAR + over


def _ratio(one: ComparedFigure) -> str:
    return "" if one.ratio is None else f"{_short(one.ratio)}×"


def _value(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    if unit == "ms" and value >= 1000:
        return f"{value / 1000:.1f} s"
    number = f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"
    return f"{number} {unit}".rstrip()


def _short(ratio: float) -> str:
    return f"{ratio:,.0f}" if ratio >= 10 else f"{ratio:.1f}"


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
