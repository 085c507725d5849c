"""What the commands of the group `fix` print for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from lab.cli.tables import Diff, Markdown, Verbatim, coloured, table
from lab.operations.catalog import BrokenFix, FixDetails, FixList, FixSymptom
from lab.operations.changed import Changed, Outcome
from lab.operations.export import Exported
from lab.operations.fix_status import Event, FixStatus, State
from lab.operations.fixes import Recovered
from lab.sentences import counted, fixes_are, fixes_named

if TYPE_CHECKING:
    from rich.console import RenderableType

STYLES = {State.PRESENT: "green", State.ABSENT: "", State.MIXED: "red", State.UNKNOWN: "yellow"}
STATES = {State.PRESENT: "applied", State.ABSENT: "not applied"}
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


def symptom(fix: FixSymptom) -> Iterator[str]:
    yield f"Bug {fix.number}, {fix.difficulty}"
    yield f"\n{fix.symptom}\n"
    hints = counted(fix.hints, "hint")
    yield f"{hints}. Open one: lab hint {fix.number}. See all: --hints"
    yield "See the solution: --diff, --sql, --guide"


def details(fix: FixDetails, *, hints: bool, diff: bool, sql: bool, guide: bool) -> Iterator[str]:
    if hints:
        yield from (f"Hint {number}: {hint}" for number, hint in enumerate(fix.hints, 1))
    if diff:
        yield Diff(fix.diff.rstrip("\n"))
    if sql:
        yield Verbatim(f"-- lab fix apply {fix.number}\n{fix.upgrade_sql}")
        yield Verbatim(f"-- lab fix revert {fix.number}\n{fix.downgrade_sql}".rstrip("\n"))
    if guide:
        yield Markdown(fix.guide.rstrip("\n"))


def status(found: FixStatus) -> Iterator[RenderableType]:
    problems = ["\n".join(row.why) or row.blocked.partition("\n")[0] for row in found.fixes]
    columns = ("N", "FIX", "CODE", "SCHEMA")
    listed = table(*columns, *(["PROBLEM"] if any(problems) else []), unwrapped=columns)
    for row, problem in zip(found.fixes, problems, strict=True):
        states = ("built in", "built in") if row.built_in else (_state(row.code), _state(row.schema))
        listed.add_row(str(row.number), row.slug, *states, *([problem] if any(problems) else []))
    yield listed
    if found.database:
        yield f"\nThe schema is unknown: {found.database}"
    if found.interrupted:
        yield f"\nA change of {fixes_named(found.interrupted)} was interrupted. Undo it: lab fix recover"
    yield from _unusable(found.unusable)


def changed(done: Changed) -> Iterator[str]:
    if done.dry_run:
        if done.diff:
            yield Diff(done.diff.rstrip("\n"))
        if done.sql:
            yield Verbatim(done.sql.rstrip("\n"))
    if done.recovered:
        fixes = fixes_named(done.recovered)
        yield f"First ended an interrupted change: {fixes} {_is(done.recovered)} not applied."
    if done.fixes and done.dry_run:
        yield f"Would {done.verb} {fixes_named(done.fixes)}. Nothing was changed."
    elif done.fixes:
        yield f"{PAST[done.verb]} {fixes_named(done.fixes)} in {done.seconds:.2f} s."
    if done.replaced:
        would = "would be" if done.dry_run else "were"
        yield f"Edits in {', '.join(done.replaced)} {would} replaced."
    if done.saved:
        yield f"All edits as they were before are saved as a patch: {done.saved}"
    for number in done.schema_only:
        yield f"The code of fix {number} was there already: only its schema was changed."
    for number in done.candidates:
        yield f"Fix {number} is there already, and not by lab: it was left as it is."
    for number in done.built_in:
        yield f"Fix {number} is built into this handout."
    if done.unchanged:
        state = "already applied" if done.verb == "apply" else "not applied"
        yield f"{fixes_are(done.unchanged)} {state}."
    if done.restarted:
        yield f"Restarted {', '.join(done.restarted)}."
    if done.given_in:
        yield f"Recorded as given in the handout {done.given_in}."
    yield from done.notes
    yield from map(_outcome, done.outcomes)


def _outcome(found: Outcome) -> str:
    why = found.why.rstrip(".")
    if found.fixed:
        return f"Bug {found.number} is fixed."
    if found.fixed is None:
        return f"Bug {found.number} could not be measured: {why}."
    return f"Bug {found.number} is not fixed: {why}."


def recovered(done: Recovered) -> Iterator[str]:
    if done.fixes:
        yield f"Recovered: {fixes_named(done.fixes)} {_is(done.fixes)} now not applied, in code and schema."
    for left in done.left:
        yield f"Fix {left.number} is mixed, and was not changed: {'; '.join(left.why)}."
        yield f"  To revert it anyway: lab fix recover {left.number}"
    if done.restarted:
        yield f"Restarted {', '.join(done.restarted)}."
    if not done.fixes and not done.left:
        yield "There was nothing to recover."


def exported(made: Exported) -> Iterator[str]:
    yield f"Wrote fix {made.number} to {made.file}. To apply it: git apply {made.file.name}"
    if made.migration:
        yield f"Then: alembic upgrade head. Its migration is {made.migration}."
        yield f"A candidate with later migrations first replaces its down_revision, {made.down_revision!r}."
    yield f"Recorded as given in the handout {made.handout}."


def log(events: Sequence[Event]) -> Iterator[RenderableType]:
    if not events:
        yield "No fix has been applied or reverted here."
        return
    columns = ("TIME", "CHANGE", "FIXES", "TOOK")
    listed = table(*columns, "FILES", unwrapped=columns)
    for event in events:
        at = datetime.fromisoformat(event.at).astimezone().strftime("%Y-%m-%d %H:%M")
        took = f"{event.seconds:.2f} s"
        listed.add_row(at, event.verb, _ranges(event.fixes), took, ", ".join(event.files))
    yield listed


def created(made: BrokenFix) -> Iterator[str]:
    yield f"Created {made.folder}. To do before it can be used:"
    yield from (f"  {problem}" for problem in made.problems)


def _unusable(folders: Iterable[BrokenFix]) -> Iterator[RenderableType]:
    for report in folders:
        problems = "".join(f"\n  {problem}" for problem in report.problems)
        yield coloured(f"\n{report.folder} cannot be used:{problems}", "red")


def _state(state: State) -> RenderableType:
    return coloured(STATES.get(state, state), STYLES[state])


def _ranges(numbers: Iterable[int]) -> str:
    """Return the numbers as short as the commands take them, such as 1-3, 5."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]}-{run[-1]}" if run[1:] else str(run[0]) for run in runs)


def _is(numbers: Sequence[int]) -> str:
    return "is" if len(numbers) == 1 else "are"
