"""List the fixes of the catalog, show one, begin a new one. How each stands is fix_status's business."""

from dataclasses import dataclass
from pathlib import Path

from lab.catalog import Catalog, load, scaffold
from lab.engine import migrations
from lab.engine.patches import ShippedTexts
from lab.errors import UsageError
from lab.workspace import Workspace


@dataclass(frozen=True, slots=True)
class FixSummary:
    """A fix as the list shows it."""

    number: int
    slug: str
    title: str
    difficulty: str
    area: str
    symptom: str


@dataclass(frozen=True, slots=True)
class BrokenFix:
    """A folder that cannot be used, and everything that is wrong with it."""

    folder: Path
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FixList:
    """All there is."""

    fixes: tuple[FixSummary, ...]
    unusable: tuple[BrokenFix, ...]


@dataclass(frozen=True, slots=True)
class FixDetails:
    """One fix in full; the SQL is what plain Alembic would run."""

    number: int
    slug: str
    title: str
    difficulty: str
    area: str
    symptom: str
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
    """The library that the workspace uses."""
    return load(workspace.fixes, ShippedTexts(workspace).find)


def list_fixes(workspace: Workspace) -> FixList:
    """What the library holds, and which folders cannot be used."""
    catalog = catalog_of(workspace)
    fixes = (FixSummary(f.number, f.slug, f.title, f.difficulty, f.area, f.symptom) for f in catalog.fixes)
    return FixList(tuple(fixes), broken_fixes(catalog))


def show_fix(workspace: Workspace, token: str) -> FixDetails:
    """One fix in full.

    Raises:
        UsageError: there is no such fix, or `token` means several.
    """
    catalog = catalog_of(workspace)
    chosen = catalog.select([token])
    if len(chosen) != 1:
        raise UsageError(f"{token!r} means {len(chosen)} fixes.", "Name one.")
    (fix,) = chosen
    return FixDetails(
        **{key: getattr(fix, key) for key in ("number", "slug", "title", "difficulty", "area", "symptom")},
        hints=fix.hints,
        objects=tuple(map(str, fix.objects)),
        requires=fix.requires,
        order=str(fix.order),
        files=tuple(str(file.path) for file in fix.files),
        diff=fix.diff,
        upgrade_sql=migrations.upgrade_sql(fix),
        downgrade_sql=migrations.downgrade_sql(fix),
        guide=fix.guide,
    )


def new_fix(workspace: Workspace, slug: str) -> BrokenFix:
    """Make the folder of a new fix; returns it with what its author has to fill in.

    Raises:
        UsageError: the slug is not one.
        Refused: there is a fix of that slug.
    """
    folder = scaffold(workspace.fixes, slug)
    return next(report for report in broken_fixes(catalog_of(workspace)) if report.folder == folder)


def broken_fixes(catalog: Catalog) -> tuple[BrokenFix, ...]:
    return tuple(BrokenFix(report.path, report.problems) for report in catalog.broken)
