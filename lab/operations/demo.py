"""Show one fix at work: measure, apply, measure again, and take it off."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.engine.transaction import DEFAULTS
from lab.engine.transaction import Options as Options
from lab.errors import Refused, UsageError
from lab.operations import fixes
from lab.operations.measure import check, prepare_target
from lab.probes.evidence import Evidence, Figure
from lab.progress import Progress, Update, silent
from lab.workspace import Workspace


@dataclass(frozen=True, slots=True)
class ComparedFigure:
    """One figure before and after; None where only one of the two measurements has it."""

    name: str
    unit: str
    before: float | None
    after: float | None

    @property
    def ratio(self) -> float | None:
        """How many times smaller it became."""
        if self.before is None or not self.after:
            return None
        return self.before / self.after


@dataclass(frozen=True, slots=True)
class Demonstration:
    """Before and after; `plans` are outlines of how the server carried the same question out."""

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
    """Measure a bug to the end, apply its fix, measure again; then revert it, unless it is to be kept.

    Raises:
        UsageError: the token does not mean one fix that can be measured.
        Refused: the fix is applied already, or does not fit; the workspace is as it was.
        EnvironmentFault: the lab is not up.
    """
    here = prepare_target(workspace)
    found = [fix for fix in here.fixes if token in {str(fix.number), fix.slug}]
    if len(found) != 1:
        raise UsageError(f"{token!r} is not one fix.", "Name its number or its slug: lab fix list")
    (fix,) = found
    number = str(fix.number)
    if fix in here.recorded():
        raise Refused(
            f"Fix {number} is applied: there is no before.", f"Take it off: lab fix revert {number}"
        )
    before = check(workspace, [number], full=True, progress=progress)
    try:
        progress(Update(f"Applying fix {number}"))
        fixes.apply(workspace, [number], options=options)
        after = check(workspace, [number], full=True, progress=progress)
    except KeyboardInterrupt as pressed:
        if keep:
            raise
        raise KeyboardInterrupt from pressed  # without its notes: the change that they tell of is reverted
    finally:
        # Also when the change was made and something after it failed: a service that did not restart.
        if not keep and fix in here.recorded():
            progress(Update(f"Reverting fix {number}"))
            fixes.revert(workspace, [number], options=options)
    first, second = before.evidence[0], after.evidence[0]
    return Demonstration(
        fix.number, fix.title, first, second, _compare(first, second), _plans(first.raw, second.raw), keep
    )


def _compare(before: Evidence, after: Evidence) -> tuple[ComparedFigure, ...]:
    names = dict.fromkeys(figure.name for figure in (*before.figures, *after.figures))
    return tuple(_pair(name, before.figure(name), after.figure(name)) for name in names)


def _pair(name: str, before: Figure | None, after: Figure | None) -> ComparedFigure:
    unit = (before or after or Figure("", 0)).unit
    return ComparedFigure(name, unit, before.value if before else None, after.value if after else None)


def _plans(before: Path | None, after: Path | None) -> tuple[str, str] | None:
    """The outlines of the plans of one and the same question, where the probe kept them."""
    first, second = _outline(before), _outline(after)
    return (first, second) if first and second else None


def _outline(raw: Path | None) -> str:
    if raw is None:
        return ""
    document: dict[str, Any] = json.loads(raw.read_bytes())
    outlines: list[str] = document.get("narrow", {}).get("outline", [])
    return outlines[-1] if outlines else ""
