"""An exported fix is a patch for git and plain Alembic, and does what the fix does."""

import sys
from pathlib import Path

import pytest

from lab import handouts
from lab.engine.equivalence import has_same_objects
from lab.errors import UsageError
from lab.operations.export import export_fix
from lab.shell import run
from lab.workspace import Workspace
from tests.conftest import Database
from tests.lab.operations.test_hints import ID, record
from tests.lab.operations.test_hints import workspace as workspace
from tests.measuring import copy_shipped, fix

CANDIDATE = {"GIT_CONFIG_GLOBAL": "/dev/null"}


def apply(patch: Path, root: Path) -> None:
    environment = {**CANDIDATE, "GIT_CEILING_DIRECTORIES": str(root.parent)}
    finished = run(["git", "apply", patch], cwd=root, env=environment)
    assert finished.code == 0, finished.stderr.decode()


@pytest.fixture
def recorded(workspace: Workspace) -> Workspace:
    handouts.keep(workspace.library, record(bugs=(1, 3, 5, 7), built_in=(2,)))
    return workspace


def test_a_fix_without_a_schema_is_its_patch(recorded: Workspace, tmp_path: Path) -> None:
    made = export_fix(recorded, "1", ID, tmp_path / "1.patch")
    assert (made.migration, made.file.read_text()) == ("", fix(1).diff)
    export_fix(recorded, "1", ID, tmp_path / "again.patch")
    given = handouts.find(recorded.library, ID).given
    assert [(one.kind, one.bug, one.revision) for one in given] == [("fix", 1, "")]


def test_a_fix_that_is_built_in_or_not_in_the_handout_is_refused(recorded: Workspace, tmp_path: Path) -> None:
    for number, why in (("2", "is built into the handout"), ("4", "Its bugs are: 1, 3, 5, 7")):
        with pytest.raises(UsageError, match=why):
            export_fix(recorded, number, ID, tmp_path / "x.patch")
    assert not (tmp_path / "x.patch").exists()
    assert handouts.find(recorded.library, ID).given == ()


def test_each_revision_is_on_the_one_before_and_stays_there(recorded: Workspace, tmp_path: Path) -> None:
    first = export_fix(recorded, "3", ID, tmp_path / "3.patch")
    second = export_fix(recorded, "5", ID, tmp_path / "5.patch")
    assert (first.down_revision, second.down_revision) == ("0002", first.revision)
    assert export_fix(recorded, "3", ID, tmp_path / "3.patch") == first
    root = copy_shipped(tmp_path / "candidate")
    apply(first.file, root)
    apply(second.file, root)
    source = (root / first.migration).read_text()
    for told in ("fix_", "fix3", "#"):
        assert told not in source


@pytest.mark.slow
def test_the_exported_code_and_schema_are_those_of_the_fixes(
    recorded: Workspace, tmp_path: Path, database: Database
) -> None:
    root = copy_shipped(tmp_path / "candidate")
    for number in ("5", "7", "3"):
        apply(export_fix(recorded, number, ID, tmp_path / f"{number}.patch").file, root)
    for words in (["upgrade", "head"], ["check"], ["downgrade", "0002"], ["upgrade", "head"]):
        finished = run(
            [sys.executable, "-m", "alembic", *words], cwd=root, env={"LAB_DATABASE_URL": database.url}
        )
        assert finished.code == 0, finished.stderr.decode()
    for number in (3, 5, 7):
        assert has_same_objects(database.url, fix(number)), number
