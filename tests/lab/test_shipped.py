"""The shipped code is kept once, by its blob ids, and an edit is never taken for it."""

from pathlib import Path, PurePosixPath

import pytest

from lab import shipped
from lab.catalog.unified_diff import blob_id
from lab.errors import EnvironmentFault, Refused
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


def kept(workspace: Workspace, path: PurePosixPath) -> bytes:
    (file,) = (file for file in shipped.files(workspace) if file.path == path)
    return shipped.content(workspace, file)


def test_a_blob_has_the_id_that_git_gives_it(tmp_path: Path) -> None:
    finished = run(["git", "hash-object", "--stdin"], cwd=tmp_path, stdin=b"shipped\n")
    assert blob_id(b"shipped\n") == finished.stdout.decode().strip()


def test_without_git_the_present_files_are_kept(workspace: Workspace) -> None:
    shipped.keep(workspace)
    assert kept(workspace, NAME) == b"shipped\n"


def test_the_committed_files_are_kept_not_the_edited_ones(workspace: Workspace) -> None:
    commit(workspace.root)
    (workspace.root / NAME).write_text("edited\n")
    shipped.keep(workspace)
    assert kept(workspace, NAME) == b"shipped\n"


def test_a_work_tree_that_does_not_track_the_workspace_is_ignored(workspace: Workspace) -> None:
    inner = workspace.root / "inner"
    commit(workspace.root)
    (inner / "app").mkdir(parents=True)
    (inner / NAME).write_text("inner\n")
    shipped.keep(Workspace(inner))
    assert kept(Workspace(inner), NAME) == b"inner\n"


def test_untracked_files_are_kept_too(workspace: Workspace) -> None:
    commit(workspace.root)
    other = PurePosixPath("app/b.py")
    (workspace.root / other).write_text("not tracked\n")
    shipped.keep(workspace)
    assert kept(workspace, other) == b"not tracked\n"
    assert kept(workspace, NAME) == b"shipped\n"


def test_the_code_is_kept_once(workspace: Workspace) -> None:
    shipped.keep(workspace)
    (workspace.root / NAME).write_text("edited\n")
    shipped.keep(workspace)
    assert kept(workspace, NAME) == b"shipped\n"


def test_a_damaged_copy_is_refused(workspace: Workspace) -> None:
    shipped.keep(workspace)
    (workspace.shipped / blob_id(b"shipped\n")).write_bytes(b"damaged")
    with pytest.raises(Refused, match="is damaged"):
        kept(workspace, NAME)


def test_before_the_first_up_the_error_says_how_to_keep_it(workspace: Workspace) -> None:
    with pytest.raises(EnvironmentFault, match="lab up"):
        shipped.files(workspace)
