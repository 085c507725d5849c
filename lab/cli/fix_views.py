"""What the commands of the group `fix` print for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from lab.cli.tables import coloured, table
from lab.operations.catalog import BrokenFix, FixDetails, FixList
from lab.operations.fix_status import Event, FixStatus, State
from lab.operations.fixes import Changed, Recovered

if TYPE_CHECKING:
    from rich.console import RenderableType

STYLES = {State.PRESENT: "green", State.ABSENT: "", State.MIXED: "red", State.UNKNOWN: "yellow"}
PAST = {"apply": "Applied", "revert": "Reverted"}


def library(found: FixList) -> Iterator[RenderableType]:
    listed = table("N", "SLUG", "TITLE", "DIFFICULTY", "AREA")
    for fix in found.fixes:
        listed.add_row(str(fix.number), fix.slug, fix.title, fix.difficulty, fix.area)
    yield listed
    yield from _unusable(found.unusable)
    for report in found.outdated:
        problems = "".join(f"\n  {problem}" for problem in report.problems)
        yield coloured(f"\n{report.folder} has an outdated patch; make it again:{problems}", "yellow")


def details(fix: FixDetails, *, diff: bool, sql: bool, guide: bool) -> Iterator[str]:
    if diff:
        yield fix.diff.rstrip("\n")
    if sql:
        yield f"-- lab fix apply {fix.number}\n{fix.upgrade_sql}"
        yield f"-- lab fix revert {fix.number}\n{fix.downgrade_sql}".rstrip("\n")
    if guide:
        yield fix.guide.rstrip("\n")
    if not (diff or sql or guide):
        yield from _summary(fix)


def _summary(fix: FixDetails) -> Iterator[str]:
    yield from (f"{fix.number} {fix.slug}: {fix.title}", f"{fix.difficulty}, {fix.area}", "", fix.symptom, "")
    yield from (f"Hint {number}: {hint}" for number, hint in enumerate(fix.hints, 1))
    yield f"\nChanges {', '.join(fix.files)}."
    if fix.objects:
        yield f"Creates {', '.join(fix.objects)}."
    if fix.requires:
        yield f"Requires {_named(fix.requires)}."
    yield "See the solution: --diff, --sql, --guide"


def status(found: FixStatus) -> Iterator[RenderableType]:
    listed = table("N", "FIX", "CODE", "SCHEMA", "PROBLEM", unwrapped=("N", "FIX", "CODE", "SCHEMA"))
    for row in found.fixes:
        problem = "\n".join(row.why) or row.blocked.partition("\n")[0]
        listed.add_row(str(row.number), row.slug, _state(row.code), _state(row.schema), problem)
    yield listed
    if found.database:
        yield f"\nThe schema is unknown: {found.database}"
    if found.interrupted:
        yield f"\nA change of {_named(found.interrupted)} was interrupted. Undo it: lab fix recover"
    yield from _unusable(found.unusable)


def changed(done: Changed) -> Iterator[str]:
    if done.dry_run:
        yield from (text.rstrip("\n") for text in (done.diff, done.sql) if text)
    if done.recovered:
        fixes = _named(done.recovered)
        yield f"First ended an interrupted change: {fixes} {_is(done.recovered)} not applied."
    if done.fixes and done.dry_run:
        yield f"Would {done.verb} {_named(done.fixes)}. Nothing was changed."
    elif done.fixes:
        yield f"{PAST[done.verb]} {_named(done.fixes)} in {done.seconds:.2f} s."
    if done.unchanged:
        state = "already applied" if done.verb == "apply" else "not applied"
        yield f"{_named(done.unchanged).capitalize()} {_is(done.unchanged)} {state}."
    if done.restarted:
        yield f"Restarted {', '.join(done.restarted)}."


def recovered(done: Recovered) -> Iterator[str]:
    if done.fixes:
        yield f"Recovered: {_named(done.fixes)} {_is(done.fixes)} now not applied, in code and schema."
    for left in done.left:
        yield f"Fix {left.number} is mixed, and was not changed: {'; '.join(left.why)}."
        yield f"  To revert it anyway: lab fix recover {left.number}"
    if done.restarted:
        yield f"Restarted {', '.join(done.restarted)}."
    if not done.fixes and not done.left:
        yield "There was nothing to recover."


def log(events: Sequence[Event]) -> Iterator[RenderableType]:
    if not events:
        yield "No fix has been applied or reverted here."
        return
    listed = table("TIME", "CHANGE", "FIXES", "SECONDS", "FILES")
    for event in events:
        numbers = ", ".join(map(str, event.fixes))
        listed.add_row(event.at, event.verb, numbers, f"{event.seconds:.2f}", ", ".join(event.files))
    yield listed


def created(made: BrokenFix) -> Iterator[str]:
    yield f"Created {made.folder}. To do before it can be used:"
    yield from (f"  {problem}" for problem in made.problems)


def _unusable(folders: Iterable[BrokenFix]) -> Iterator[RenderableType]:
    for report in folders:
        problems = "".join(f"\n  {problem}" for problem in report.problems)
        yield coloured(f"\n{report.folder} cannot be used:{problems}", "red")


def _state(state: State) -> RenderableType:
    return coloured("applied" if state is State.PRESENT else state, STYLES[state])


def _named(numbers: Sequence[int]) -> str:
    return f"fix{'es' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"


def _is(numbers: Sequence[int]) -> str:
    return "is" if len(numbers) == 1 else "are"
