"""Demonstrate one fix: measure, apply it, measure again, and revert it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lab.engine.transaction import DEFAULTS
from lab.engine.transaction import Options as Options
from lab.errors import Refused, UsageError
from lab.json_files import from_json
from lab.operations import fixes
from lab.operations.measure import check, prepare_target
from lab.probing.bench import PLAN
from lab.probing.evidence import Evidence
from lab.progress import Progress, Update, silent
from lab.workspace import Workspace


@dataclass(frozen=True, slots=True)
class ComparedFigure:
    """One figure before and after the fix; None where a measurement doesn't have it."""

    name: str
    unit: str
    before: float | None = None
    after: float | None = None

    @property
    def ratio(self) -> float | None:
        """`before` divided by `after`; None if one is missing, or `after` is 0."""
        if self.before is None or not self.after:
            return None
        return self.before / self.after


@dataclass(frozen=True, slots=True)
class Demonstration:
    """The evidence before and after a fix, and whether the fix was kept applied.

    `plans` are outlines of the query plans before and after, if the probe recorded them for the same query.
    """

    number: int
    title: str
    before: Evidence
    after: Evidence
    figures: tuple[ComparedFigure, ...]
    plans: tuple[str, str] | None
    kept: bool


def demo(
    workspace: Workspace,
    token: str,
    *,
    keep: bool = False,
    options: Options = DEFAULTS,
    progress: Progress = silent,
) -> Demonstration:
    """Measure a bug with every measurement, apply its fix, measure again, and revert it unless `keep` is set.

    `token` is a number or a slug. `options` are for applying and reverting, `progress` is for measuring.

    Raises:
        UsageError: `token` names no fix, or its bug has no probe.
        Refused: the fix is applied already or does not fit, and the workspace is unchanged; or its lines were
            edited during the demonstration, and the fix stays applied.
        EnvironmentFault: the lab is not up.
        Locked: another lab is changing the workspace.
    """
    target = prepare_target(workspace)
    found = [fix for fix in target.catalog.fixes if token in {str(fix.number), fix.slug}]
    if len(found) != 1:
        raise UsageError(f"There is no fix {token!r}.", "Name one by its number or slug: lab fix list")
    (fix,) = found
    number = str(fix.number)
    if fix in target.applied_fixes():
        refused = f"Fix {number} is applied, so its bug cannot be measured before the fix."
        raise Refused(refused, f"Revert it: lab fix revert {number}")
    before = check(workspace, [number], thorough=True, progress=progress)
    try:
        progress(Update(f"Applying fix {number}"))
        fixes.apply(workspace, [number], options=options)
        after = check(workspace, [number], thorough=True, progress=progress)
    except KeyboardInterrupt as pressed:
        if keep:
            raise
        raise KeyboardInterrupt from pressed  # without the notes on a change that is reverted below
    finally:
        # Also after a failure that leaves the fix applied: a service that did not restart.
        if not keep and fix in target.applied_fixes():
            progress(Update(f"Reverting fix {number}"))
            fixes.revert(workspace, [number], options=options)
    first, second = before.evidence[0], after.evidence[0]
    return Demonstration(
        fix.number, fix.title, first, second, _compare(first, second), _plans(first.raw, second.raw), keep
    )


def _compare(before: Evidence, after: Evidence) -> tuple[ComparedFigure, ...]:
    compared = {one.name: ComparedFigure(one.name, one.unit, one.value) for one in before.figures}
    for figure in after.figures:
        known = compared.get(figure.name) or ComparedFigure(figure.name, figure.unit)
        compared[figure.name] = replace(known, after=figure.value)
    return tuple(compared.values())


def _plans(*raw: Path | None) -> tuple[str, str] | None:
    """Return the plan that each probe kept under `plan` for this purpose; None if one kept none."""
    found = [from_json(path.read_bytes(), dict[str, Any]).get(PLAN) if path else None for path in raw]
    first, second = (one if isinstance(one, str) else "" for one in found)
    return (first, second) if first and second else None
