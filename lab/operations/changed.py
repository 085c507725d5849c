"""What a change of fixes did, and `preview`: what it would do, computed without a lock or a write."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import PurePosixPath

from lab.database import workspace_url
from lab.engine import journal, migrations
from lab.engine.file_changes import FileChange
from lab.engine.fix_states import plan_file_changes, read_fix_states
from lab.engine.patches import Patcher, ShippedTexts
from lab.engine.plan import ordered, to_apply, to_revert
from lab.engine.schema import read_schema
from lab.engine.verb import Verb
from lab.errors import Refused
from lab.operations.catalog import catalog_of
from lab.workspace import Workspace


@dataclass(frozen=True, slots=True)
class TimedStep:
    """One step of a change, and the seconds that it took: None in a dry run."""

    text: str
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """What a change did, or would do. Only a dry run has `diff` and `sql`.

    `unchanged` are the chosen fixes that already were in the wanted state. `recovered` are those of an
    interrupted change that was recovered first. `seconds` is the total time, with the restart.
    """

    verb: str
    fixes: tuple[int, ...]
    unchanged: tuple[int, ...]
    recovered: tuple[int, ...]
    files: tuple[str, ...]
    steps: tuple[TimedStep, ...]
    seconds: float
    restarted: tuple[str, ...] = ()
    dry_run: bool = False
    diff: str = ""
    sql: str = ""


def preview(verb: Verb, workspace: Workspace, tokens: Sequence[str]) -> Changed:
    """Return what the change would do.

    Raises:
        UsageError: a token means no fix, or the journal is damaged.
        Refused: the change would be refused, or another one was interrupted or is still running.
        DatabaseUnreachable: no connection could be made.
    """
    started = time.monotonic()
    catalog = catalog_of(workspace)
    chosen = catalog.select(tokens)
    patcher = Patcher(ShippedTexts(workspace))
    if entry := journal.read(workspace):
        raise Refused(
            f"A change of fix {', '.join(map(str, entry.numbers))} was interrupted, or is still running.",
            "First undo the apply, or finish the revert: lab fix recover",
        )
    snapshot = read_schema(workspace_url(workspace))
    found = read_fix_states(workspace, catalog.related(chosen), patcher, snapshot)
    going = (to_apply if verb is Verb.APPLY else to_revert)(chosen, found)
    planned = plan_file_changes(patcher, workspace, verb, going, found)
    changes = [change for of_one_fix in planned.values() for change in of_one_fix]
    numbers = tuple(fix.number for fix in going)
    return Changed(
        verb=str(verb),
        fixes=numbers,
        unchanged=tuple(fix.number for fix in chosen if fix.number not in numbers),
        recovered=(),
        files=names_of(change.path for change in changes),
        steps=tuple(
            TimedStep(f"{verb} {fix.number} {fix.slug}: {part}") for fix, part in ordered(going, verb)
        ),
        seconds=time.monotonic() - started,
        dry_run=True,
        diff=_diff(changes),
        sql="\n".join(migrations.sql_of(fix, verb) for fix in going),
    )


def names_of(paths: Iterable[PurePosixPath]) -> tuple[str, ...]:
    """Return each path once, as text, in sorted order."""
    return tuple(sorted(set(map(str, paths))))


def _diff(changes: Sequence[FileChange]) -> str:
    """Return one diff, from the first content of each file to its last."""
    lines: list[str] = []
    for path in sorted({change.path for change in changes}):
        of_file = [change for change in changes if change.path == path]
        sides = (("a", of_file[0].before), ("b", of_file[-1].after))
        before, after = ("/dev/null" if text is None else f"{side}/{path}" for side, text in sides)
        old, new = ((text or b"").decode(errors="replace").splitlines(keepends=True) for _, text in sides)
        lines += unified_diff(old, new, before, after)
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)
