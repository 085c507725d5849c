"""A handout holds the chosen bugs, the others fixed, and nothing that gives a repair away."""

import json
import random
import shutil
import zipfile
from collections.abc import Sequence
from itertools import chain, combinations
from pathlib import Path

import pytest

from lab import git, handouts, shipped
from lab.catalog import Fix
from lab.errors import EnvironmentFault, Refused, UsageError
from lab.library import Library
from lab.operations.catalog import catalog_of
from lab.operations.handout import MadeHandout, list_handouts, make_handout
from lab.probing.evidence import Verdict
from lab.runtime.prepared import Prepared
from lab.shell import run
from lab.workspace import Workspace
from tests.conftest import PROJECT
from tests.leaks import leaks
from tests.measuring import Bench

LIBRARY = Library(PROJECT)
FIXES = catalog_of(Workspace(PROJECT)).measurable
NUMBERS = sorted(fix.number for fix in FIXES)
SUBSETS = list(chain.from_iterable(combinations(NUMBERS, size) for size in range(1, len(NUMBERS) + 1)))
MEASURED = [(1, 2, 3), (4, 5, 6, 7)]
"""Subsets that `make test-slow` measures."""

LEAKED = random.Random(12).sample(SUBSETS, 5)
TO_PROVE = random.Random(7).sample(SUBSETS, 16)


@pytest.fixture(autouse=True)
def records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(handouts.FOLDER_VARIABLE, str(tmp_path / "records"))
    return tmp_path / "records"


def made(folder: Path, bugs: Sequence[int], **options: object) -> MadeHandout:
    return make_handout(folder, LIBRARY, bugs=[str(bug) for bug in bugs], **options)  # type: ignore[arg-type]


def split(bugs: Sequence[int]) -> tuple[list[Fix], list[Fix]]:
    return [fix for fix in FIXES if fix.number in bugs], [fix for fix in FIXES if fix.number not in bugs]


def name(bugs: Sequence[int]) -> str:
    return "".join(map(str, bugs))


def test_it_has_one_commit_and_the_mark_and_the_brief(tmp_path: Path) -> None:
    done = made(tmp_path / "ada", NUMBERS, name="Ada", minutes=60, ai="none")
    root = done.root
    log = run(["git", "-C", root, "log", "--all", "--format=%an %s"]).stdout.decode()
    assert log == "lab Initial commit\n"
    assert not (root / ".git/logs").exists()
    assert run(["git", "-C", root, "status", "--porcelain"]).stdout == b""
    assert run(["git", "-C", root, "fsck", "--unreachable"]).stdout == b""
    mark = handouts.mark_of(root)
    assert mark is not None
    assert (mark.id, mark.name) == (done.handout.id, "Ada")
    brief = (root / "BRIEF.md").read_text()
    assert "Ada" in brief
    assert "60 minutes" in brief
    assert "do not use AI" in brief
    assert "@@" not in brief
    assert (root / "SPEC.md").exists()
    assert not any(
        (root / name).exists() for name in ("fixes", "probes", "tests", "docs", "migrations/fixes")
    )
    assert "[fixes]" not in (root / "alembic.ini").read_text()


def test_its_record_stays_with_the_interviewer(tmp_path: Path, records: Path) -> None:
    done = made(tmp_path / "ada", [1, 5], name="Ada")
    assert done.record == records / f"{done.handout.id}.json"
    assert handouts.handout_in(done.root, LIBRARY) == done.handout
    assert list_handouts(LIBRARY) == (done.handout,)
    assert (done.handout.bugs, done.handout.built_in) == ((1, 5), (2, 3, 4, 6, 7))
    assert done.handout.tree == git.head_tree(done.root)
    handouts.give(LIBRARY, done.handout.id, handouts.Given("hint", 1, 0.0, hint=1))
    again = made(tmp_path / "again", [1, 5], name="Ada")
    assert again.handout.hints_given(1) == 1


@pytest.mark.slow
def test_the_same_arguments_make_the_same_bytes(tmp_path: Path) -> None:
    for ending in ("zip", "bundle"):
        files = [tmp_path / turn / f"ada.{ending}" for turn in ("one", "two")]
        for file in files:
            made(file.parent / ending / "ada", [2, 3], name="Ada", archive=file)
        assert files[0].read_bytes() == files[1].read_bytes()
        assert json.loads(files[0].with_name(f"ada.{ending}.json").read_text())["bugs"] == [2, 3]
    with zipfile.ZipFile(tmp_path / "one/ada.zip") as zipped:
        assert "ada/BRIEF.md" in zipped.namelist()
    run(["git", "clone", "-q", tmp_path / "one/ada.bundle", tmp_path / "clone"])
    assert git.head_tree(tmp_path / "clone") == git.head_tree(tmp_path / "one/bundle/ada")


def test_the_schema_of_what_is_built_in_is_ordinary_revisions(tmp_path: Path) -> None:
    root = made(tmp_path / "ada", [1, 2, 4, 6, 7]).root
    versions = sorted(path.name for path in (root / "migrations/versions").glob("*.py"))
    assert versions == [
        "0001_devices.py",
        "0002_workflows.py",
        "0003_booking_race.py",
        "0004_started_at_index.py",
    ]
    text = (root / "migrations/versions/0004_started_at_index.py").read_text()
    assert 'revision = "0004"\ndown_revision = "0003"\nbranch_labels = None\n' in text
    assert "# " not in text
    assert "shipped_head = 0004" in (root / "alembic.ini").read_text()


def test_what_cannot_be_made_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/note.txt").write_text("mine")
    with pytest.raises(Refused, match="not empty"):
        made(tmp_path / "full", [1])
    with pytest.raises(UsageError, match="There is no bug 99"):
        made(tmp_path / "none", [99])
    with pytest.raises(UsageError, match=r"\.tar is no archive"):
        made(tmp_path / "none", [1], archive=tmp_path / "ada.tar")
    with pytest.raises(UsageError, match="is in the handout itself"):
        made(tmp_path / "none", [1], archive=tmp_path / "none" / "ada.zip")
    with pytest.raises(UsageError, match=r"The name A\\udcff has characters"):
        made(tmp_path / "none", [1], name="A\udcff")
    with pytest.raises(EnvironmentFault, match=r"ada\.zip cannot be written"):
        made(tmp_path / "none", [1], archive=tmp_path / "full/note.txt/ada.zip")
    assert list_handouts(LIBRARY) == ()
    assert not (tmp_path / "none").exists()
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["note.txt"]


@pytest.mark.parametrize(
    "bugs",
    [pytest.param(bugs, marks=[pytest.mark.slow] * (n > 1)) for n, bugs in enumerate(LEAKED)],
    ids=name,
)
def test_it_gives_nothing_away(bugs: tuple[int, ...], tmp_path: Path) -> None:
    assert leaks(made(tmp_path / "handout", bugs, name="Ada").root, *split(bugs)) == []


def test_the_search_finds_what_is_given_away(tmp_path: Path) -> None:
    root = made(tmp_path / "handout", [3]).root
    chosen, _ = split([3])
    (root / "notes.txt").write_text(chosen[0].hints[3])
    (root / "x.sql").write_text((chosen[0].folder / "migration.py").read_text())
    run(["git", "-C", root, "add", "x.sql"])
    (root / "x.sql").unlink()
    found = leaks(root, *split([3]))
    assert {one.partition(" in ")[2].partition(" ")[0] for one in found} == {"notes.txt", "object"}


@pytest.mark.slow
@pytest.mark.parametrize("bugs", MEASURED, ids=name)
def test_chosen_bugs_are_present_and_the_others_fixed(
    bugs: tuple[int, ...], full_server: Prepared, tmp_path: Path
) -> None:
    measure(bugs, full_server, tmp_path)


@pytest.mark.prove
@pytest.mark.claim("In a handout, the chosen bugs are present and the others fixed", "handouts")
@pytest.mark.parametrize("bugs", TO_PROVE, ids=name)
def test_chosen_bugs_are_present_and_the_others_fixed_in_more(
    bugs: tuple[int, ...], full_server: Prepared, tmp_path: Path
) -> None:
    measure(bugs, full_server, tmp_path)


@pytest.mark.prove
@pytest.mark.claim("A handout gives nothing of the chosen bugs' repairs away", "handouts")
@pytest.mark.parametrize("bugs", SUBSETS, ids=name)
def test_no_subset_gives_anything_away(bugs: tuple[int, ...], tmp_path: Path) -> None:
    assert leaks(made(tmp_path / "handout", bugs).root, *split(bugs)) == []


def measure(bugs: tuple[int, ...], full_server: Prepared, folder: Path) -> None:
    root = made(folder / "handout", bugs).root
    bench = Bench(root, folder / "runs", full_server)
    found = {number: one.verdict for number, one in bench.measure(*NUMBERS).items()}
    assert {number for number, verdict in found.items() if verdict is Verdict.FIXED} == {*NUMBERS} - {*bugs}
    assert {verdict for number, verdict in found.items() if number in bugs} == {Verdict.PRESENT}


def test_the_first_commit_counts_as_shipped_whatever_a_candidate_commits(tmp_path: Path) -> None:
    root = made(tmp_path / "ada", NUMBERS).root
    workspace = Workspace(root, Library(root))
    before = (root / "app/common/params.py").read_bytes()
    (root / "app/common/params.py").write_text("edited = True\n")
    author = ["-c", "user.name=Ada", "-c", "user.email=ada@localhost"]
    run(["git", "-C", root, *author, "commit", "-qam", "An edit"])
    assert shipped.keep(workspace) == ""
    kept = {str(file.path): shipped.content(workspace, file) for file in shipped.files(workspace)}
    assert kept["app/common/params.py"] == before
    blob = next(path for path in workspace.shipped.iterdir() if path.read_bytes() == before)
    blob.write_bytes(b"damaged")
    assert shipped.keep(workspace) == ""
    assert blob.read_bytes() == before


def test_an_archive_is_replaced_only_by_that_of_the_same_handout(tmp_path: Path) -> None:
    file = tmp_path / "ada.zip"
    made(tmp_path / "ada", [1], name="Ada", archive=file)
    before = file.read_bytes()
    with pytest.raises(Refused, match=r"ada\.zip is there already, and not of this handout"):
        made(tmp_path / "eve", [2], name="Eve", archive=file)
    assert not (tmp_path / "eve").exists()
    assert file.read_bytes() == before
    shutil.rmtree(tmp_path / "ada")
    made(tmp_path / "ada", [1], name="Ada", archive=file)
    (tmp_path / "thesis.zip").write_bytes(b"mine")
    with pytest.raises(Refused, match="is there already"):
        made(tmp_path / "bob", [1], name="Bob", archive=tmp_path / "thesis.zip")
