"""Demonstrate one fix: measure its symptom, then apply the fix, measure again, and revert it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lab import handouts
from lab.engine.transaction import DEFAULTS
from lab.engine.transaction import Options as Options
from lab.errors import Refused
from lab.files import write_atomic
from lab.json_files import from_json, to_json
from lab.operations import fixes
from lab.operations.catalog import catalog_of, show_fix
from lab.operations.measure import check, prepare_target, select_bugs
from lab.probing.bench import INTERLEAVING, PLAN
from lab.probing.evidence import Evidence, Verdict
from lab.probing.interleaving import Event as Event
from lab.probing.interleaving import Interleaving as Interleaving
from lab.probing.interleaving import What as What
from lab.probing.verdict import IDS
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
class Section:
    """A section of a fix's guide: its title, and its text as Markdown."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Symptom:
    """A bug that was measured before its fix is applied, with its cause and its cure.

    `symptom` is what a user reports. `cause` is the first section of the guide. `diff` is the fix's change of
    the code, `sql` what Alembic runs for its revision. `plan` (an outline of a query plan) and `interleaving`
    are None if the probe recorded none.
    """

    number: int
    title: str
    symptom: str
    cause: Section
    diff: str
    sql: str
    evidence: Evidence
    plan: str | None
    interleaving: Interleaving | None


CURED = {Verdict.FIXED: True, Verdict.MASKED: False, Verdict.PRESENT: False}


@dataclass(frozen=True, slots=True)
class Demonstration:
    """The evidence before and after a fix, and whether the fix was kept applied.

    `plans` are outlines of the query plans before and after, if the probe recorded them for the same query.
    `interleavings` are those of concurrent requests before and after; None where the probe recorded none.
    The other fields are those of the Symptom.
    """

    number: int
    title: str
    symptom: str
    cause: Section
    diff: str
    sql: str
    before: Evidence
    after: Evidence
    figures: tuple[ComparedFigure, ...]
    plans: tuple[str, str] | None
    interleavings: tuple[Interleaving | None, Interleaving | None]
    kept: bool

    @property
    def is_cured(self) -> bool | None:
        """Whether the bug is gone with the fix; None if that could not be measured."""
        return CURED.get(self.after.verdict)


def show_symptom(workspace: Workspace, token: str, *, progress: Progress = silent) -> Symptom:
    """Measure a bug with every measurement. `token` is its fix's number or slug. Nothing is changed.

    Raises:
        UsageError: `token` names no fix, or its bug has no probe.
        Refused: the fix is applied already.
        EnvironmentFault: the lab is not up.
        Locked: another lab is changing the workspace.
    """
    catalog = catalog_of(workspace)
    number = str(catalog.one(token, "bug").number)
    (fix,) = select_bugs(catalog, [number])
    record = handouts.recorded_in(workspace.root, workspace.library)
    if record is not None and fix.number in record.built_in:
        raise Refused(f"Fix {number} is built into this handout.", "There is no bug to show.")
    if fix in prepare_target(workspace, progress).applied_fixes():
        refused = f"Fix {number} is applied, so its bug cannot be measured before the fix."
        raise Refused(refused, f"Revert it: lab fix revert {number}")
    details = show_fix(workspace, number)
    (evidence,) = check(workspace, [number], thorough=True, bugs_only=True, progress=progress).evidence
    return Symptom(
        number=fix.number,
        title=fix.title,
        symptom=fix.symptom,
        cause=_first_section(details.guide),
        diff=details.diff,
        sql=details.upgrade_sql,
        evidence=evidence,
        plan=_plan(evidence),
        interleaving=_interleaving(evidence),
    )


def show_cure(
    workspace: Workspace,
    symptom: Symptom,
    *,
    keep: bool = False,
    options: Options = DEFAULTS,
    progress: Progress = silent,
) -> Demonstration:
    """Apply the fix of a measured bug, measure it again, and revert the fix unless `keep` is set.

    `options` are for applying and reverting, `progress` is for measuring.

    Raises:
        Refused: the fix does not fit, and the workspace is unchanged; or its lines were edited during the
            demonstration, and the fix stays applied.
        EnvironmentFault: the lab is not up.
        Locked: another lab is changing the workspace.
    """
    number = str(symptom.number)
    target = prepare_target(workspace, progress)
    (fix,) = target.catalog.select([number])
    try:
        progress(Update(f"Applying fix {number}"))
        fixes.apply(workspace, [number], options=options)
        (after,) = check(workspace, [number], thorough=True, bugs_only=True, progress=progress).evidence
    except KeyboardInterrupt as pressed:
        if keep:
            raise
        raise KeyboardInterrupt from pressed  # without the notes on a change that is reverted below
    finally:
        # Also after a failure that leaves the fix applied: a service that did not restart.
        if not keep and fix in target.applied_fixes():
            progress(Update(f"Reverting fix {number}"))
            fixes.revert(workspace, [number], options=options)
    plan = _plan(after)
    return Demonstration(
        number=symptom.number,
        title=symptom.title,
        symptom=symptom.symptom,
        cause=symptom.cause,
        diff=symptom.diff,
        sql=symptom.sql,
        before=symptom.evidence,
        after=after,
        figures=_compare(symptom.evidence, after),
        plans=(symptom.plan, plan) if symptom.plan and plan else None,
        interleavings=(symptom.interleaving, _interleaving(after)),
        kept=keep,
    )


def save_page(path: Path, page: str) -> None:
    """Write the page in one step. Raises EnvironmentFault if that is not possible."""
    write_atomic(path, page.encode())


def _compare(before: Evidence, after: Evidence) -> tuple[ComparedFigure, ...]:
    compared = {one.name: ComparedFigure(one.name, one.unit, one.value) for one in before.figures}
    for figure in after.figures:
        known = compared.get(figure.name) or ComparedFigure(figure.name, figure.unit)
        compared[figure.name] = replace(known, after=figure.value)
    return tuple(compared.values())


def _first_section(guide: str) -> Section:
    """Return the text below the first heading of the second level, up to the next one."""
    _, _, rest = f"\n{guide}".partition("\n## ")
    title, _, text = rest.partition("\n## ")[0].partition("\n")
    return Section(title.strip(), text.strip())


def _plan(evidence: Evidence) -> str | None:
    plan = _raw(evidence).get(PLAN)
    return plan if isinstance(plan, str) and plan else None


def _interleaving(evidence: Evidence) -> Interleaving | None:
    """Return what the probe kept under `interleaving`, without the ids of its rows; None if there is none."""
    recorded = _raw(evidence).get(INTERLEAVING)
    try:
        return from_json(IDS.sub("{id}", to_json(recorded)), Interleaving)
    except ValueError:
        return None


def _raw(evidence: Evidence) -> dict[str, Any]:
    return from_json(evidence.raw.read_bytes(), dict[str, Any]) if evidence.raw else {}
