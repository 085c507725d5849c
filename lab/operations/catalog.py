"""List the fixes of the catalog, show one, begin a new one. For their state, see `fix_status`."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from lab import shipped
from lab.catalog import Catalog, Fix, load, scaffold
from lab.engine import migrations
from lab.engine.patches import ShippedTexts
from lab.engine.verb import Verb
from lab.errors import EnvironmentFault, Refused
from lab.source_files import blobs_of
from lab.workspace import Workspace

NAME_A_LIBRARY = (
    "Make a library of your own, lab new DIR --author, and name it: lab --library DIR fix new SLUG"
)


@dataclass(frozen=True, slots=True)
class FixSummary:
    """A fix in one line of a list."""

    number: int
    slug: str
    title: str
    difficulty: str
    area: str
    symptom: str


@dataclass(frozen=True, slots=True)
class BrokenFix:
    """A folder of `fixes/` that cannot be used, and every reason."""

    folder: Path
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FixList:
    """The usable fixes by number, the folders that cannot be used, and those whose patch is of another text.

    `outdated` fixes fit what a lab has kept as shipped, and not what git has committed in the library now.
    """

    fixes: tuple[FixSummary, ...]
    unusable: tuple[BrokenFix, ...]
    outdated: tuple[BrokenFix, ...]


@dataclass(frozen=True, slots=True)
class FixSymptom:
    """What can be shown of a fix without giving its cause away. `hints` is the number of its hints."""

    number: int
    difficulty: str
    symptom: str
    hints: int


@dataclass(frozen=True, slots=True)
class FixDetails(FixSummary):
    """All about one fix. The SQL is what Alembic runs; `order` is migration-first or patch-first."""

    hints: tuple[str, ...]
    objects: tuple[str, ...]
    requires: tuple[int, ...]
    order: str
    files: tuple[str, ...]
    diff: str
    upgrade_sql: str
    downgrade_sql: str
    guide: str


def catalog_of(workspace: Workspace) -> Catalog:
    """Return the catalog of the fixes that the workspace uses. Raises UsageError if it has none."""
    return load(workspace.library, ShippedTexts(workspace).find)


def list_fixes(workspace: Workspace) -> FixList:
    """Return a summary of every fix of the catalog, and the folders that cannot be used or are outdated."""
    catalog = catalog_of(workspace)
    fixes = tuple(FixSummary(**_summary(fix)) for fix in catalog.fixes)
    return FixList(fixes, broken_fixes(catalog), outdated_fixes(workspace, catalog))


def show_symptom(workspace: Workspace, token: str) -> FixSymptom:
    """Return the symptom of the bug that the fix `token` corrects. Raises UsageError as `show_fix`."""
    fix = one_fix(workspace, token)
    return FixSymptom(fix.number, fix.difficulty, fix.symptom, len(fix.hints))


def show_fix(workspace: Workspace, token: str) -> FixDetails:
    """Return all about the fix that `token` means, by number or slug.

    Raises:
        UsageError: there is no such fix, or `token` means several.
        Refused: the code of its migration raised an exception.
    """
    fix = one_fix(workspace, token)
    return FixDetails(
        **_summary(fix),
        hints=fix.hints,
        objects=tuple(map(str, fix.objects)),
        requires=fix.requires,
        order=str(fix.order),
        files=tuple(str(file.path) for file in fix.files),
        diff=fix.diff,
        upgrade_sql=migrations.sql_of(fix, Verb.APPLY),
        downgrade_sql=migrations.sql_of(fix, Verb.REVERT),
        guide=fix.guide,
    )


def one_fix(workspace: Workspace, token: str, noun: str = "fix") -> Fix:
    """Return the fix that `token` means. Raises UsageError: there is none, or it means several.

    `noun`, fix or bug, is for the messages.
    """
    return catalog_of(workspace).one(token, noun)


def new_fix(workspace: Workspace, slug: str) -> BrokenFix:
    """Make the folder of a new fix. Return it with what its author has to fill in.

    Raises:
        UsageError: the slug is malformed.
        Refused: there is a fix with that slug, or the library is that of an installed package.
        EnvironmentFault: a file cannot be written.
    """
    library = workspace.library
    if library.is_packaged:
        raise Refused("The fixes of this installation are not changed.", NAME_A_LIBRARY)
    folder = scaffold(library, slug)
    return next(report for report in broken_fixes(catalog_of(workspace)) if report.folder == folder)


def outdated_fixes(workspace: Workspace, catalog: Catalog) -> tuple[BrokenFix, ...]:
    """Return the fixes whose patch was made from another text than the library ships now.

    They can still be applied to a lab that has kept the older text. Empty if the library cannot be read.
    """
    try:
        blobs = blobs_of(shipped.source(workspace))
    except EnvironmentFault:
        return ()
    found = []
    for fix in catalog.fixes:
        other = [file.path for file in fix.files if not file.is_new and blobs.get(file.path) != file.old_blob]
        if other:
            names = ", ".join(map(str, other))
            problem = f"code.patch: not made from the text that is committed now: {names}"
            found.append(BrokenFix(fix.folder, (problem,)))
    return tuple(found)


def broken_fixes(catalog: Catalog) -> tuple[BrokenFix, ...]:
    return tuple(BrokenFix(report.path, report.problems) for report in catalog.broken)


def _summary(fix: Fix) -> dict[str, Any]:
    return {field.name: getattr(fix, field.name) for field in fields(FixSummary)}
