"""All mistakes of a folder come in one report, and a broken folder doesn't affect the others."""

import sys
from pathlib import Path, PurePosixPath

import pytest

from lab.catalog import Catalog, Order, OwnedObject, ProbeNeeds, load
from lab.errors import InvalidFile, UsageError
from lab.library import Library
from lab.shell import run
from tests.conftest import PROJECT
from tests.patches import make_patch

PROJECTS = PROJECT / "tests" / "projects"

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
    """The folder of the fixes of a library."""
    (tmp_path / "lab.toml").write_text((PROJECTS / "tiny" / "lab.toml").read_text())
    fixes = tmp_path / "fixes"
    fixes.mkdir()
    for number, slug in ((1, "first"), (2, "second_one"), (3, "third")):
        folder(fixes, number, slug, patch(number * 10))
    return fixes


def folder(root: Path, number: int, slug: str, diff: bytes) -> Path:
    home = root / f"{number:02}_{slug}"
    home.mkdir()
    (home / "fix.toml").write_text(TOML.format(number=number, slug=slug))
    (home / "migration.py").write_text(MIGRATION.format(number=number))
    (home / "code.patch").write_bytes(diff)
    (home / "guide.md").write_text("# Why\n")
    return home


def read(root: Path) -> Catalog:
    return load(Library(root.parent), lambda path, blob: SHIPPED.get(str(path)))


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
def test_an_unknown_fix_is_refused_and_the_list_of_fixes_is_named(library: Path, token: str) -> None:
    with pytest.raises(UsageError, match=r"^There is no fix .*, a range such as 1-3, .*lab fix list"):
        read(library).select([token])


@pytest.mark.parametrize(
    ("token", "message"),
    [
        ("9", "There is no bug 9."),
        ("frist", "There is no bug 'frist'. Did you mean first?"),
        ("all", "'all' does not mean one bug."),
        ("1-2", "'1-2' does not mean one bug."),
    ],
)
def test_where_one_bug_is_taken_no_range_is_offered(library: Path, token: str, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        read(library).one(token, "bug")
    assert str(refused.value) == f"{message} Give a number or a slug: lab fix list shows them."


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


PROBE_TABLE = '[probe]\nneeds = ["tiny"]\n'


def add_probe(library: Path, slug: str, table: str = PROBE_TABLE) -> None:
    """Give the fix of this slug a module in `probes`, and this table in its fix.toml."""
    module = library.parent / "probes" / f"{slug}.py"
    module.parent.mkdir(exist_ok=True)
    module.write_text("")
    (folder_of,) = library.glob(f"[0-9][0-9]_{slug}")
    with (folder_of / "fix.toml").open("a") as file:
        file.write(table)


def test_a_fix_without_a_probe_is_used_but_not_measured(library: Path) -> None:
    add_probe(library, "first")
    catalog = read(library)
    assert [fix.number for fix in catalog.fixes] == [1, 2, 3]
    assert [fix.number for fix in catalog.measurable] == [1]


def test_a_probes_needs_are_read(library: Path) -> None:
    add_probe(library, "first", '[probe]\nneeds = ["tiny"]\nlast = true\n')
    add_probe(library, "third", "[probe]\nneeds = []\n")
    assert [fix.probe for fix in read(library).fixes] == [
        ProbeNeeds(("tiny",), last=True),
        None,
        ProbeNeeds((), last=False),
    ]


def test_bugs_are_measured_by_number_and_the_last_ones_at_the_end(library: Path) -> None:
    add_probe(library, "first", PROBE_TABLE + "last = true\n")
    add_probe(library, "second_one")
    add_probe(library, "third")
    assert [fix.number for fix in read(library).measurable] == [2, 3, 1]


def test_a_probe_may_be_a_package_of_its_own(library: Path) -> None:
    add_probe(library, "first")
    module = library.parent / "probes" / "first.py"
    module.unlink()
    (module.parent / "first").mkdir()
    (module.parent / "first" / "__init__.py").write_text("")
    assert read(library).broken == ()


def test_a_probe_without_its_table_is_a_mistake(library: Path) -> None:
    add_probe(library, "third", "")
    assert problems(library) == "fix.toml: probe: missing, but there is probes/third.py"


def test_a_table_without_its_probe_is_a_mistake(library: Path) -> None:
    with (library / "03_third" / "fix.toml").open("a") as file:
        file.write(PROBE_TABLE)
    assert problems(library) == "fix.toml: probe: given, but there is no probes/third.py"


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ("[probe]\n", "probe.needs: a list of services is expected"),
        ('[probe]\nneeds = "tiny"\n', "probe.needs: a list of services is expected"),
        ("[probe]\nneeds = [1]\n", "probe.needs: a list of services is expected"),
        ('[probe]\nneeds = ["tiny", "mailer"]\n', "probe.needs: 'mailer' is not in lab.toml: tiny"),
        (PROBE_TABLE + "last = 1\n", "probe.last: true or false is expected"),
        (PROBE_TABLE + "lasts = true\n", "probe.lasts: unknown key"),
        ("probe = 3\n", "probe: a table is expected"),
    ],
)
def test_each_mistake_of_a_probes_table_is_named(library: Path, table: str, problem: str) -> None:
    add_probe(library, "third", table)
    assert f"fix.toml: {problem}" in problems(library)


def test_a_library_whose_lab_toml_cannot_be_used_is_refused(library: Path) -> None:
    (library.parent / "lab.toml").write_text("[code]\n")
    with pytest.raises(InvalidFile, match="services: missing"):
        read(library)


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
    catalog = load(Library(library.parent), lambda path, blob: None)
    assert not catalog.fixes
    assert "is not the shipped one" in catalog.broken[0].problems[0]


def test_a_missing_library_is_reported(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There are no fixes in"):
        read(tmp_path / "nowhere")


def test_reading_the_catalog_loads_neither_alembic_nor_sqlalchemy() -> None:
    code = f"""
import sys
from pathlib import Path
from lab.catalog import load
from lab.engine.patches import ShippedTexts
from lab.library import Library
from lab.workspace import Workspace
root = Path({str(PROJECT)!r})
if load(Library(root), ShippedTexts(Workspace(root)).find).fixes:
    print("read", *sorted({{"alembic", "sqlalchemy", "click"}} & set(sys.modules)))
"""
    finished = run([sys.executable, "-c", code])
    assert (finished.code, finished.stdout) == (0, b"read\n"), finished.stderr.decode()
