"""What a change of fixes did, and `preview`: what it would do, computed without a lock or a write."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path, PurePosixPath

from lab.catalog import Catalog, Fix
from lab.database import workspace_url
from lab.engine import journal, migrations
from lab.engine.file_changes import FileChange
from lab.engine.fix_states import compare_objects, plan_file_changes, read_fix_states
from lab.engine.patches import Patcher, ShippedTexts
from lab.engine.plan import FixState, Part, ordered, to_apply, to_revert
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
class Outcome:
    """Whether a bug was fixed when it was measured after the change (None: not measurable), and why."""

    number: int
    fixed: bool | None
    why: str


@dataclass(frozen=True, slots=True)
class Changed:
    """What a change did, or would do. Only a dry run has `diff` and `sql`.

    `built_in` are the chosen fixes that are built into the handout, `candidates` those that are there in the
    candidate's own work, and `schema_only` those whose code is there in it, so that only the schema changed.
    `replaced` are the files in which the candidate's lines were replaced, `saved` is the patch with them.
    `unchanged` are the other chosen fixes that already were in the wanted state. `recovered` are those of an
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
    built_in: tuple[int, ...] = ()
    candidates: tuple[int, ...] = ()
    schema_only: tuple[int, ...] = ()
    replaced: tuple[str, ...] = ()
    saved: Path | None = None
    outcomes: tuple[Outcome, ...] = ()
    given_in: str = ""
    """The id of the handout in whose record the fixes were recorded as given; empty if in none."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """The chosen fixes: those to change, in order, and by number the others, as in `Changed`."""

    going: tuple[Fix, ...]
    unchanged: tuple[int, ...]
    built_in: tuple[int, ...]
    candidates: tuple[int, ...]
    schema_only: tuple[int, ...]


def choose(verb: Verb, catalog: Catalog, tokens: Sequence[str], states: Mapping[int, FixState]) -> Choice:
    """Return what the change of these fixes has to do. Raises Refused as `to_apply` and `to_revert`.

    A fix that is built in is passed over, but to revert it by its own name is refused.
    """
    chosen = catalog.select(tokens)
    if verb is Verb.REVERT:
        for fix in (fix for token in tokens if (fix := _named(catalog, token))):
            if states[fix.number].built_in:
                raise Refused(f"Fix {fix.number} is built into this handout.", "It cannot be reverted.")
    going = (to_apply if verb is Verb.APPLY else to_revert)(chosen, states)
    left = [states[fix.number] for fix in chosen if fix not in going]
    built_in = tuple(one.fix.number for one in left if one.built_in)
    candidates = tuple(one.fix.number for one in left if one.is_candidates)
    unchanged = (one.fix.number for one in left)
    return Choice(
        going,
        tuple(number for number in unchanged if number not in {*built_in, *candidates}),
        built_in,
        candidates,
        tuple(fix.number for fix in going if not _has_patch(fix, verb, states)),
    )


def _named(catalog: Catalog, token: str) -> Fix | None:
    """Return the fix that the token names alone, by number or slug."""
    chosen = catalog.select([token])
    return chosen[0] if len(chosen) == 1 and token.strip().lower() != "all" else None


def _has_patch(fix: Fix, verb: Verb, states: Mapping[int, FixState]) -> bool:
    return any(part is Part.PATCH for _, part in ordered([fix], verb, states))


def preview(verb: Verb, workspace: Workspace, tokens: Sequence[str], *, replacing: bool = False) -> Changed:
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
    journal.require_ended(workspace, "was interrupted, or is still running")
    url = workspace_url(workspace)
    fixes = catalog.fixes if replacing else catalog.related(chosen)
    found = compare_objects(read_fix_states(workspace, fixes, patcher, read_schema(url)), url)
    choice = choose(verb, catalog, tokens, found)
    planned = plan_file_changes(patcher, workspace, verb, choice.going, found, replacing=replacing)
    changes = [change for of_one_fix in planned.changes.values() for change in of_one_fix]
    return Changed(
        verb=str(verb),
        fixes=tuple(fix.number for fix in choice.going),
        unchanged=choice.unchanged,
        recovered=(),
        files=names_of(change.path for change in changes),
        steps=tuple(
            TimedStep(f"{verb} {fix.number} {fix.slug}: {part}")
            for fix, part in ordered(choice.going, verb, found)
        ),
        seconds=time.monotonic() - started,
        dry_run=True,
        diff=_diff(changes),
        sql="\n".join(migrations.sql_of(fix, verb) for fix in choice.going),
        built_in=choice.built_in,
        candidates=choice.candidates,
        schema_only=choice.schema_only,
        replaced=names_of(planned.replaced),
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
