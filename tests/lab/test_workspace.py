"""Workspaces are found from below; files are replaced whole or not at all."""

import os
from pathlib import Path

import pytest

from lab.errors import EnvironmentFault, UsageError
from lab.workspace import PROJECT, Workspace, find, write_atomic


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "app" / "deep").mkdir(parents=True)
    (tmp_path / "alembic.ini").touch()
    return tmp_path.resolve()


def test_it_is_found_from_any_folder_below(root: Path) -> None:
    assert find(root / "app" / "deep") == Workspace(root)


def test_the_nearest_one_wins(root: Path) -> None:
    inner = root / "app" / "deep"
    (inner / "app").mkdir()
    (inner / "alembic.ini").touch()
    assert find(inner / "app") == Workspace(inner)


def test_none_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="-C DIR"):
        find(tmp_path)


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="ghost is not a folder"):
        find(tmp_path / "ghost")


def test_the_lab_of_another_user_is_left_alone(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / ".lab").mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: 65534)
    with pytest.raises(EnvironmentFault, match="'s, not nobody's"):
        find(root)


def test_a_workspace_without_fixes_uses_the_library_that_lab_came_with(root: Path) -> None:
    assert Workspace(root).fixes == PROJECT / "fixes"
    (root / "fixes").mkdir()
    assert Workspace(root).fixes == root / "fixes"


def test_a_replaced_file_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "script"
    path.write_bytes(b"old")
    path.chmod(0o750)
    write_atomic(path, b"new")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"new", 0o750)


def test_a_failed_write_leaves_the_old_file_and_no_scratch(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "file"
    path.mkdir(parents=True)  # a folder cannot be replaced by a file
    with pytest.raises(EnvironmentFault, match="cannot be written"):
        write_atomic(path, b"new")
    assert list(path.parent.iterdir()) == [path]
