"""The shipped code is kept once, told by its blobs, and never mistaken for an edit."""

from pathlib import Path, PurePosixPath

import pytest

from lab import shipped
from lab.catalog.unified_diff import blob_id
from lab.errors import EnvironmentFault
from lab.shell import run
from lab.workspace import Workspace

NAME = PurePosixPath("app/a.py")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "app").mkdir()
    (tmp_path / "alembic.ini").write_text("[alembic]\n")
    (tmp_path / NAME).write_text("shipped\n")
    return Workspace(tmp_path)


def commit(folder: Path) -> None:
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x"]):
        assert run([*git, *words], cwd=folder).code == 0


def kept(workspace: Workspace, path: PurePosixPath) -> bytes | None:
    found = {file.path: file.blob for file in shipped.files(workspace)}
    return shipped.content(workspace, found[path])


def test_a_blob_has_the_id_that_git_gives_it(tmp_path: Path) -> None:
    finished = run(["git", "hash-object", "--stdin"], cwd=tmp_path, stdin=b"shipped\n")
    assert blob_id(b"shipped\n") == finished.stdout.decode().strip()


def test_without_git_the_files_as_they_stand_are_kept(workspace: Workspace) -> None:
    shipped.keep(workspace)
    assert kept(workspace, NAME) == b"shipped\n"


def test_what_is_committed_counts_not_what_was_edited_since(workspace: Workspace) -> None:
    commit(workspace.root)
    (workspace.root / NAME).write_text("edited\n")
    shipped.keep(workspace)
    assert kept(workspace, NAME) == b"shipped\n"


def test_a_work_tree_that_does_not_track_the_workspace_is_no_witness(workspace: Workspace) -> None:
    inner = workspace.root / "inner"
    commit(workspace.root)
    (inner / "app").mkdir(parents=True)
    (inner / NAME).write_text("inner\n")
    shipped.keep(Workspace(inner))
    assert kept(Workspace(inner), NAME) == b"inner\n"


def test_what_git_does_not_track_is_kept_beside_what_it_does(workspace: Workspace) -> None:
    commit(workspace.root)
    other = PurePosixPath("app/b.py")
    (workspace.root / other).write_text("not tracked\n")
    shipped.keep(workspace)
    assert kept(workspace, other) == b"not tracked\n"
    assert kept(workspace, NAME) == b"shipped\n"


def test_it_is_kept_once(workspace: Workspace) -> None:
    shipped.keep(workspace)
    (workspace.root / NAME).write_text("edited\n")
    shipped.keep(workspace)
    assert kept(workspace, NAME) == b"shipped\n"


def test_a_damaged_blob_is_as_good_as_none(workspace: Workspace) -> None:
    shipped.keep(workspace)
    (workspace.shipped / blob_id(b"shipped\n")).write_bytes(b"damaged")
    assert kept(workspace, NAME) is None


def test_before_it_was_kept_the_error_says_how(workspace: Workspace) -> None:
    with pytest.raises(EnvironmentFault, match="lab up"):
        shipped.files(workspace)
