"""A review finds in each migration of the corpus what was written down, and no problem in a good one."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lab import shipped
from lab.catalog.revision_file import plain_revision
from lab.engine import candidate_history
from lab.library import Library
from lab.operations.ownership import Dataset
from lab.operations.prepared import prepared_server
from lab.operations.review import Review, review_on
from lab.operations.shipped_history import history_below
from lab.progress import silent
from lab.review.finding import Finding
from lab.runtime.prepared import Prepared
from lab.sandbox import Level
from lab.sandbox.trial import VARIABLE
from lab.workspace import Workspace
from tests.conftest import PROJECT
from tests.measuring import Bench, busy_loops, copy_shipped, fix, numbers
from tests.migrations.test_corpus import FOLDERS, VOCABULARY, expected

ROWS = 500_000
VERSIONS = "migrations/versions"
SLOW = 7
"""Of so many migrations, `make test-slow` reviews one."""


def _cases() -> list[Any]:
    found = []
    for place, folder in enumerate(FOLDERS):
        later = pytest.mark.prove if place % SLOW else pytest.mark.slow
        found.append(pytest.param(folder, id=folder.name, marks=[later]))
    return found


@pytest.fixture(scope="session")
def many_rows(cache: Path) -> Prepared:
    return prepared_server(Workspace(cache / "anywhere", Library(PROJECT)), Dataset(ROWS), silent)


@pytest.mark.claim(
    "A review finds what is wrong with a migration, and no problem in a good one", "migrations"
)
@pytest.mark.parametrize("folder", _cases())
def test_a_review_finds_what_is_expected(folder: Path, many_rows: Prepared, tmp_path: Path) -> None:
    assert wrong(folder, reviewed(folder, many_rows, tmp_path).findings) == []


@pytest.mark.slow
@pytest.mark.claim(
    "A review finds what is wrong with a migration, and no problem in a good one", "migrations"
)
@pytest.mark.parametrize("number", sorted(numbers().values()))
def test_the_fixes_own_migrations_have_no_problem(number: int, many_rows: Prepared, tmp_path: Path) -> None:
    bench = Bench(copy_shipped(tmp_path / "workspace"), tmp_path, many_rows)
    workspace, given = Workspace(bench.root), fix(number)
    shipped.keep(workspace)
    bench.patch(given.folder / "code.patch")
    text = plain_revision((given.folder / "migration.py").read_text(), "0003", "0002")
    (bench.root / VERSIONS / "0003_fix.py").write_text(text)
    found = review_on(workspace, many_rows, (), ROWS, (), history_below(workspace), silent)
    assert [f"{one.id} {one.place}: {one.seen}" for one in found.problems] == []
    assert [one.revision for one in found.figures] == ["0003"]


@pytest.mark.slow
@pytest.mark.parametrize("level", Level)
def test_a_review_finds_the_same_at_every_level_of_walls(
    level: Level, many_rows: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, level)
    (folder,) = [one for one in FOLDERS if one.name == "index_plain"]
    assert wrong(folder, reviewed(folder, many_rows, tmp_path).findings) == []


TURNS = 3
"""Reviews of each migration without, and as many with busy loops beside them."""

TEN = {
    "backfill_in_batches",
    "check_validated_beside_add",
    "column_volatile_default",
    "downgrade_leaves_an_enum_type",
    "foreign_key_validated_apart",
    "index_concurrently",
    "index_invalid_taken_for_done",
    "index_plain",
    "partitioned_by_copying",
    "rows_moved_and_lost_on_the_way_back",
}
MANY_TURNS = 20


again = pytest.mark.claim("A review finds the same again, also beside two busy loops", "reviews")
of_each = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)


@again
@pytest.mark.prove
@of_each
def test_a_review_finds_the_same_again(
    folder: Path, many_rows: Prepared, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    turns = MANY_TURNS if folder.name in TEN else TURNS
    found = [_again(folder, many_rows, tmp_path / str(turn)) for turn in range(turns)]
    assert found == [found[0]] * turns
    record_property("proved", turns)


@again
@pytest.mark.prove
@of_each
def test_a_review_finds_the_same_again_beside_busy_loops(
    folder: Path, many_rows: Prepared, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    quiet = _again(folder, many_rows, tmp_path / "quiet")
    with busy_loops(2):
        found = [_again(folder, many_rows, tmp_path / str(turn)) for turn in range(TURNS)]
    assert found == [quiet] * TURNS
    record_property("proved", TURNS)


def _again(folder: Path, prepared: Prepared, tmp_path: Path) -> list[tuple[str, str, int]]:
    findings = reviewed(folder, prepared, tmp_path).findings
    assert wrong(folder, findings) == []
    shutil.rmtree(tmp_path)
    return [(one.id, one.file, one.line) for one in findings]


def reviewed(folder: Path, prepared: Prepared, tmp_path: Path) -> Review:
    """Review a folder of the corpus as the work of a candidate. One that never ends gets some seconds."""
    bench = Bench(copy_shipped(tmp_path / "workspace"), tmp_path, prepared)
    workspace = Workspace(bench.root)
    shipped.keep(workspace)
    if (patch := folder / "answer.patch").exists():
        bench.patch(patch)
    for file in folder.glob("*.py"):
        shutil.copy(file, bench.root / VERSIONS)
    with pytest.MonkeyPatch.context() as patched:
        if folder.name == "never_ends":
            patched.setattr(candidate_history, "WATCHED", 15.0)
        return review_on(workspace, prepared, (), ROWS, (), history_below(workspace), silent)


def wrong(folder: Path, findings: tuple[Finding, ...]) -> list[str]:
    """What the findings lack, and what they have that is not allowed."""
    described = expected(folder)
    missing = [
        f"missing: {one['id']} at {one['file']}:{one['line']}"
        for one in described.get("findings", [])
        if not any(map(_is(one), findings))
    ]
    allowed = {one["id"] for one in described.get("findings", [])} | set(described.get("also", []))
    extra = [
        f"not expected: {one.id} at {one.file}:{one.line}: {one.seen}"
        for one in findings
        if one.severity != "note" and one.id not in allowed
    ]
    problems = [
        f"a problem in a good one: {one.id}" for one in findings if described["kind"] == "good" and one.counts
    ]
    return missing + extra + problems


def _is(one: dict[str, Any]) -> Callable[[Finding], bool]:
    def fits(found: Finding) -> bool:
        file = one["file"] if "/" in one["file"] else f"{VERSIONS}/{one['file']}"
        return (
            (found.id, found.file, found.severity, found.how)
            == (one["id"], file, one["severity"], one["how"])
            and one["line"] in (0, found.line)
            and (found.waived is not None) == one.get("waived", False)
        )

    return fits


def test_the_document_lists_every_finding_with_its_meaning() -> None:
    text = (PROJECT / "docs" / "review.md").read_text()
    rows = re.findall(r"^\| `([a-z-]+)` \| (.*) \|$", text, re.MULTILINE)
    assert dict(rows) == {name: one["meaning"] for name, one in VOCABULARY.items()}
