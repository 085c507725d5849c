"""All mistakes of a folder come in one report, and a broken folder doesn't affect the others."""

import sys
from pathlib import Path, PurePosixPath

import pytest

from lab.catalog import Catalog, Order, OwnedObject, load
from lab.errors import InvalidFile, UsageError
from lab.shell import run
from tests.patches import make_patch

SHIPPED = {f"app/{name}.py": b"".join(b"%d\n" % n for n in range(60)) for name in ("x", "y")}
TOML = """\
number = {number}
slug = "{slug}"
title = "A title"
difficulty = "easy"
area = "schema"
symptom = "It is slow."
hints = ["Look at the plan.", "An index is missing."]
objects = ["index ix_a"]
"""
MIGRATION = '''"""Make it."""

from alembic import op

revision = "fix_{number}"
down_revision = None
branch_labels = ("fix{number}",)
depends_on = None


def upgrade() -> None:
    op.create_index("ix_a", "a", ["b"])


def downgrade() -> None:
    op.drop_index("ix_a", if_exists=True)
'''


def patch(line: int, path: str = "app/x.py") -> bytes:
    return make_patch({path: (SHIPPED[path], SHIPPED[path].replace(b"\n%d\n" % line, b"\nfixed\n"))})


@pytest.fixture
def library(tmp_path: Path) -> Path:
    for number, slug in ((1, "first"), (2, "second_one"), (3, "third")):
        folder(tmp_path, number, slug, patch(number * 10))
    return tmp_path


def folder(root: Path, number: int, slug: str, diff: bytes) -> Path:
    home = root / f"{number:02}_{slug}"
    home.mkdir()
    (home / "fix.toml").write_text(TOML.format(number=number, slug=slug))
    (home / "migration.py").write_text(MIGRATION.format(number=number))
    (home / "code.patch").write_bytes(diff)
    (home / "guide.md").write_text("# Why\n")
    return home


def read(root: Path) -> Catalog:
    return load(root, lambda path, blob: SHIPPED.get(str(path)))


def problems(root: Path) -> str:
    (report,) = read(root).broken
    return "\n".join(report.problems)


def edit(path: Path, old: str, new: str) -> None:
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def test_a_folder_is_read_into_a_fix(library: Path) -> None:
    fix = read(library).fixes[1]
    assert (fix.number, fix.slug, fix.revision, fix.label) == (2, "second_one", "fix_2", "fix2")
    assert fix.objects == (OwnedObject("index", "ix_a"),)
    assert fix.order is Order.MIGRATION_FIRST
    assert fix.files[0].path == PurePosixPath("app/x.py")


@pytest.mark.parametrize(
    ("tokens", "numbers"),
    [
        (["2"], [2]),
        (["02"], [2]),
        (["3", "1", "1"], [1, 3]),
        (["1-2"], [1, 2]),
        (["second-one"], [2]),
        (["second_one"], [2]),
        (["03_third"], [3]),
        (["all"], [1, 2, 3]),
        ([], []),
    ],
)
def test_fixes_are_selected_by_number_range_slug_or_all(
    library: Path, tokens: list[str], numbers: list[int]
) -> None:
    assert [fix.number for fix in read(library).select(tokens)] == numbers


@pytest.mark.parametrize("token", ["9", "0", "3-1", "1-9", "thrid", "", "-1", "1-", "٣"])
def test_an_unknown_fix_is_refused_and_the_fixes_are_listed(library: Path, token: str) -> None:
    with pytest.raises(UsageError, match="1 first, 2 second_one, 3 third"):
        read(library).select([token])


def test_a_similar_slug_is_suggested(library: Path) -> None:
    with pytest.raises(UsageError, match="Did you mean third"):
        read(library).select(["thrid"])


def test_the_others_are_used_if_a_folder_is_broken(library: Path) -> None:
    (library / "02_second_one" / "guide.md").unlink()
    catalog = read(library)
    assert [fix.number for fix in catalog.fixes] == [1, 3]
    for token in ("2", "second-one"):
        with pytest.raises(InvalidFile, match=r"guide\.md: missing"):
            catalog.select([token])


def test_every_mistake_comes_in_one_report(library: Path) -> None:
    home = library / "03_third"
    toml = home / "fix.toml"
    edit(toml, "number = 3", "number = 4")
    edit(toml, "symptom", "symtom")
    edit(toml, '"An index is missing."', '""')
    edit(toml, '"index ix_a"', '"idx ix_a"')
    edit(toml, '"easy"', '"tricky"')
    edit(home / "migration.py", "def downgrade", "def downgrad")
    edit(home / "migration.py", "from alembic import op", "from alembic import op\nimport os")
    edit(home / "migration.py", '"fix_3"', '"fix-3"')
    (home / "notes.txt").write_text("stray")
    (home / "guide.md").write_text(" \n")
    (home / "code.patch").write_bytes(patch(30).replace(b"-30\n", b"-31\n"))
    assert problems(library).splitlines() == [
        "notes.txt: a stray file",
        "fix.toml: symtom: unknown key; did you mean symptom?",
        "fix.toml: number: 4, but the folder's name says 3",
        "fix.toml: symptom: missing",
        "fix.toml: difficulty: one of easy, medium, hard",
        "fix.toml: hints[2]: not filled in",
        "fix.toml: objects: 'idx ix_a' is not one of table, index, constraint, column, then a name",
        "migration.py: imports os; only alembic and sqlalchemy may be",
        "migration.py: revision: 'fix-3', but it must be 'fix_3'",
        "migration.py: downgrade: missing",
        "code.patch: does not apply to the shipped code: app/x.py: the hunk at line 28 does not match",
        "guide.md: not filled in",
    ]


@pytest.mark.parametrize(
    ("file", "old", "new", "problem"),
    [
        ("fix.toml", "hints = [", "hints = 3 # [", "hints: missing: a list of texts"),
        ("fix.toml", "objects = [", "requires = ['x']\nobjects = [", "requires: a list of numbers"),
        ("fix.toml", "objects = [", "requires = [9]\nobjects = [", "requires: 9: not a usable fix"),
        ("fix.toml", "objects = [", "order = 'none'\nobjects = [", "order: 'none', but it is one of"),
        ("fix.toml", "objects = ", "objects == ", "fix.toml: "),
        ("fix.toml", 'title = "A title"', "title = 3", "title: a text is expected"),
        ("migration.py", "down_revision = None", 'down_revision = "0002"', "down_revision: must be None"),
        ("migration.py", '("fix3",)', '("fix3", "more")', "branch_labels: "),
        ("migration.py", 'op.drop_index("ix_a", if_exists=True)', "pass", "downgrade: does nothing"),
        ("migration.py", '["b"])', '["b"], postgresql_concurrently=True)', "if_not_exists=True"),
        ("migration.py", "def upgrade()", "def upgrade(", "cannot be read as Python"),
        ("code.patch", "diff --git", "dif --git", "belongs to no file"),
    ],
)
def test_each_mistake_is_named(library: Path, file: str, old: str, new: str, problem: str) -> None:
    edit(library / "03_third" / file, old, new)
    assert problem in problems(library)


def test_downgrade_may_be_empty_if_upgrade_is(library: Path) -> None:
    migration = library / "03_third" / "migration.py"
    edit(migration, 'op.create_index("ix_a", "a", ["b"])', "pass")
    edit(migration, 'op.drop_index("ix_a", if_exists=True)', "pass")
    assert read(library).broken == ()


def test_hunks_of_two_fixes_that_are_too_near_are_refused(library: Path) -> None:
    folder(library, 4, "near", patch(33))
    assert "keep 3 unchanged lines or more from the lines that 03_third changes" in problems(library)


def test_three_unchanged_lines_between_hunks_are_enough(library: Path) -> None:
    folder(library, 4, "near", patch(34))
    assert read(library).broken == ()


def test_a_second_folder_with_the_same_number_is_refused(library: Path) -> None:
    folder(library, 3, "zwei", patch(50))
    assert "03_third has 3 too" in problems(library)


def test_a_patch_of_an_unknown_text_is_refused(library: Path) -> None:
    catalog = load(library, lambda path, blob: None)
    assert not catalog.fixes
    assert "is not the shipped one" in catalog.broken[0].problems[0]


def test_a_missing_library_is_reported(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no library of fixes"):
        read(tmp_path / "nowhere")


def test_reading_the_catalog_loads_neither_alembic_nor_sqlalchemy() -> None:
    code = "import sys, lab.catalog; print(*sorted({'alembic', 'sqlalchemy', 'click'} & set(sys.modules)))"
    assert run([sys.executable, "-c", code]).stdout.strip() == b""
