"""Workspaces are found from below."""

import os
from pathlib import Path

import pytest

from lab.errors import EnvironmentFault, UsageError
from lab.workspace import PROJECT, Workspace, find_workspace


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "app" / "deep").mkdir(parents=True)
    (tmp_path / "alembic.ini").touch()
    return tmp_path.resolve()


def test_it_is_found_from_any_folder_below(root: Path) -> None:
    assert find_workspace(root / "app" / "deep") == Workspace(root)


def test_the_nearest_one_wins(root: Path) -> None:
    inner = root / "app" / "deep"
    (inner / "app").mkdir()
    (inner / "alembic.ini").touch()
    assert find_workspace(inner / "app") == Workspace(inner)


def test_none_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="-C DIR"):
        find_workspace(tmp_path)


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="ghost is not a folder"):
        find_workspace(tmp_path / "ghost")


def test_the_lab_of_another_user_is_left_alone(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / ".lab").mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: 65534)
    with pytest.raises(EnvironmentFault, match="'s, not nobody's"):
        find_workspace(root)


def test_a_workspace_without_fixes_uses_the_library_that_lab_came_with(root: Path) -> None:
    assert Workspace(root).fixes == PROJECT / "fixes"
    (root / "fixes").mkdir()
    assert Workspace(root).fixes == root / "fixes"
