"""Apply fixes for a candidate: record them as given in their handout, and measure if the bugs are gone."""

import time
from collections.abc import Sequence
from dataclasses import replace

from lab import handouts
from lab.engine import journal
from lab.engine.transaction import DEFAULTS, Options
from lab.errors import LabError
from lab.handouts import Given
from lab.operations import fixes
from lab.operations.changed import Changed, Outcome
from lab.progress import Progress, silent
from lab.sentences import fixes_are
from lab.workspace import Workspace

NO_RECORD = "There is no record of this handout here: it was not recorded that the fix was given."


def rescue(
    workspace: Workspace,
    tokens: Sequence[str],
    *,
    dry_run: bool = False,
    replacing: bool = False,
    restart: bool = True,
    check: bool | None = None,
    options: Options = DEFAULTS,
    progress: Progress = silent,
) -> Changed:
    """Do what `fixes.apply` does; in a handout, also record the applied fixes as given, and measure them.

    `check` says whether to measure; by default, that is done in a handout. `progress` is for measuring.

    Raises as `fixes.apply`, and LabError if the fixes were applied but not recorded. If they cannot be
    measured, the result says so.
    """
    done = fixes.apply(
        workspace, tokens, dry_run=dry_run, replacing=replacing, restart=restart, options=options
    )
    if dry_run:
        return done
    mark = handouts.mark_of(workspace.root)
    if mark is not None:
        done = _recorded(workspace, done)
    if done.fixes and ((mark is not None) if check is None else check):
        try:
            done = replace(done, outcomes=_measured(workspace, done.fixes, progress))
        except KeyboardInterrupt as pressed:
            given = ", and recorded as given" if done.given_in else ""
            pressed.add_note(f"{fixes_are(done.fixes)} applied{given}; not all of it was measured.")
            raise
    return done


def _recorded(workspace: Workspace, done: Changed) -> Changed:
    """Record the fixes as given; those too that lab had applied before, and was killed before it said so."""
    record = handouts.recorded_in(workspace.root, workspace.library)
    if record is None:
        return replace(done, notes=(*done.notes, NO_RECORD)) if done.fixes else done
    known = {one.bug for one in record.given if one.kind == "fix" and not one.revision}
    by_lab = journal.applied_by_lab(workspace)
    late = tuple(number for number in done.unchanged if number in by_lab and number not in known)
    if not done.fixes and not late:
        return done
    now = time.time()
    try:
        given = (Given("fix", number, now) for number in (*done.fixes, *late))
        handouts.give(workspace.library, record.id, *given)
    except LabError as error:
        error.message = (
            f"{fixes_are((*done.fixes, *late))} applied, but not recorded as given. {error.message}"
        )
        error.remedy = f"{error.remedy} Then apply again: it will be recorded.".strip()
        raise
    return replace(done, given_in=record.id)


def _measured(workspace: Workspace, numbers: Sequence[int], progress: Progress) -> tuple[Outcome, ...]:
    """Measure those of the bugs that have a probe."""
    from lab.operations.catalog import catalog_of
    from lab.operations.measure import Verdict, check, select_bugs

    known = {fix.number for fix in select_bugs(catalog_of(workspace), ())}
    measurable = [str(number) for number in numbers if number in known]
    if not measurable:
        return ()
    try:
        found = check(workspace, measurable, bugs_only=True, progress=progress)
    except LabError as error:
        return tuple(Outcome(int(number), None, error.message) for number in measurable)
    sure = {Verdict.FIXED: True, Verdict.PRESENT: False, Verdict.MASKED: False}
    return tuple(Outcome(one.bug, sure.get(one.verdict), one.why) for one in found.evidence)
