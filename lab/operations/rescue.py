"""Apply fixes for a candidate: record them as given in their handout, and measure if the bugs are gone."""

import time
from collections.abc import Sequence
from dataclasses import replace

from lab import handouts
from lab.engine.transaction import DEFAULTS, Options
from lab.errors import LabError
from lab.handouts import Given
from lab.operations import fixes
from lab.operations.changed import Changed, Outcome
from lab.progress import Progress, silent
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
    mark = handouts.mark_of(workspace.root)
    if dry_run or not done.fixes:
        return done
    if mark is not None:
        done = _recorded(workspace, done)
    if (mark is not None) if check is None else check:
        done = replace(done, outcomes=_measured(workspace, done.fixes, progress))
    return done


def _recorded(workspace: Workspace, done: Changed) -> Changed:
    record = handouts.recorded_in(workspace.root, workspace.library)
    if record is None:
        return replace(done, notes=(*done.notes, NO_RECORD))
    now = time.time()
    try:
        handouts.give(workspace.library, record.id, *(Given("fix", number, now) for number in done.fixes))
    except LabError as error:
        numbers = ", ".join(map(str, done.fixes))
        error.message = f"Fix {numbers} is applied, but was not recorded as given. {error.message}"
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
