"""The library's results as a person reads them. Nothing here looks anything up."""

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from lab.engine.journal import Event
from lab.engine.state import State
from lab.operations.fixes import Changed, Recovered
from lab.operations.library import FixStatus, Library, Shown, Unusable

STYLES = {State.PRESENT: "green", State.ABSENT: "", State.MIXED: "red", State.UNKNOWN: "yellow"}
WORDS = {State.PRESENT: "applied", State.ABSENT: "absent", State.MIXED: "mixed", State.UNKNOWN: "unknown"}
PAST = {"apply": "Applied", "revert": "Reverted", "recover": "Took back"}


def library(found: Library) -> RenderableType:
    table = _table("N", "SLUG", "TITLE", "DIFFICULTY", "AREA")
    for fix in found.fixes:
        table.add_row(str(fix.number), fix.slug, fix.title, fix.difficulty, fix.area)
    return Group(table, *_unusable(found.unusable))


def shown(fix: Shown) -> RenderableType:
    lines = [f"{fix.number} {fix.slug}: {fix.title}", f"{fix.difficulty}, {fix.area}", "", fix.symptom, ""]
    lines += [f"Hint {at}: {hint}" for at, hint in enumerate(fix.hints, 1)]
    lines += ["", f"Changes {', '.join(fix.files)}."]
    if fix.objects:
        lines.append(f"Makes {', '.join(fix.objects)}.")
    if fix.requires:
        lines.append(f"Requires {_fixes(fix.requires)}.")
    lines.append("See it with --diff, --sql and --guide.")
    return Text("\n".join(lines))


def texts(fix: Shown, *, diff: bool, sql: bool, guide: bool) -> Iterator[str]:
    """The parts asked for, fit to be piped on."""
    if diff:
        yield fix.diff.rstrip("\n")
    if sql:
        yield f"-- lab fix apply {fix.number}\n{fix.upgrade_sql}"
        yield f"-- lab fix revert {fix.number}\n{fix.downgrade_sql}".rstrip("\n")
    if guide:
        yield fix.guide.rstrip("\n")


def status(found: FixStatus) -> RenderableType:
    table = _table("N", "FIX", "CODE", "SCHEMA", "IN THE WAY")
    for row in found.fixes:
        why = "\n".join(row.why) or row.blocked.partition("\n")[0]
        table.add_row(str(row.number), row.slug, _word(row.code), _word(row.schema), why)
    notes = [f"\nThe schema is unknown: {found.database}"] if found.database else []
    if found.interrupted:
        notes.append(
            f"\nA change of {_fixes(found.interrupted)} was interrupted. Take it back: lab fix recover"
        )
    return Group(table, *map(Text, notes), *_unusable(found.unusable))


def changed(done: Changed) -> RenderableType:
    parts: list[RenderableType] = []
    if done.dry_run:
        parts += [Text(text.rstrip("\n")) for text in (done.diff, done.sql) if text]
    if done.recovered:
        parts.append(Text(f"An interrupted change was taken back: {_fixes(done.recovered)} was not applied."))
    if done.fixes and done.dry_run:
        parts.append(Text(f"Would {done.verb} {_fixes(done.fixes)}. Nothing was changed."))
    elif done.fixes:
        parts.append(Text(f"{PAST[done.verb]} {_fixes(done.fixes)} in {done.seconds:.2f} s."))
    if done.unchanged:
        standing = "applied already" if done.verb == "apply" else "not applied"
        are = "is" if len(done.unchanged) == 1 else "are"
        parts.append(Text(f"{_fixes(done.unchanged, capital=True)} {are} {standing}."))
    if done.restarted:
        parts.append(Text(f"Restarted {', '.join(done.restarted)}."))
    return Group(*parts)


def recovered(done: Recovered) -> RenderableType:
    lines = [f"Took back {_fixes(done.fixes)}: not applied now."] if done.fixes else []
    for left in done.left:
        lines.append(f"Fix {left.number} is left as it is: {'; '.join(left.why)}.")
        lines.append(f"  To take it back whoever made it: lab fix recover {left.number}")
    if done.restarted:
        lines.append(f"Restarted {', '.join(done.restarted)}.")
    return Text("\n".join(lines) or "There was nothing to take back.")


def log(events: Sequence[Event]) -> RenderableType:
    if not events:
        return Text("No fix was applied or reverted here yet.")
    table = _table("WHEN", "WHAT", "FIXES", "SECONDS", "FILES")
    for event in events:
        numbers = ", ".join(map(str, event.fixes))
        table.add_row(event.at, event.verb, numbers, f"{event.seconds:.2f}", ", ".join(event.files))
    return table


def begun(made: Unusable) -> RenderableType:
    lines = [f"Made {made.folder}. It can be used when these are mended:"]
    return Text("\n".join([*lines, *(f"  {problem}" for problem in made.problems)]))


def _unusable(folders: Iterable[Unusable]) -> Iterator[RenderableType]:
    for report in folders:
        lines = "".join(f"\n  {problem}" for problem in report.problems)
        yield Text(f"\n{report.folder} cannot be used:{lines}", style="red")


def _word(state: State) -> Text:
    return Text(WORDS[state], style=STYLES[state])


def _fixes(numbers: Sequence[int], *, capital: bool = False) -> str:
    word = "Fix" if capital else "fix"
    return f"{word}{'es' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
