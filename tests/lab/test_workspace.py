"""A workspace is found from any folder in it."""

import os
import pwd
from pathlib import Path

import pytest

from lab.errors import EnvironmentFault, UsageError
from lab.library import installed
from lab.workspace import Workspace, find_workspace
from tests.conftest import PROJECT


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "app" / "deep").mkdir(parents=True)
    (tmp_path / "alembic.ini").touch()
    return tmp_path.resolve()


def test_a_workspace_is_found_from_a_folder_below(root: Path) -> None:
    assert find_workspace(root / "app" / "deep", installed()) == Workspace(root)


def test_the_nearest_workspace_is_chosen(root: Path) -> None:
    inner = root / "app" / "deep"
    (inner / "app").mkdir()
    (inner / "alembic.ini").touch()
    assert find_workspace(inner / "app", installed()) == Workspace(inner)


def test_the_error_without_a_workspace_names_the_option(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="-C DIR"):
        find_workspace(tmp_path, installed())


def test_a_missing_folder_is_named_in_the_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="ghost is not a folder"):
        find_workspace(tmp_path / "ghost", installed())


def test_the_lab_of_another_user_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / ".lab").mkdir()
    owner = pwd.getpwuid(os.geteuid()).pw_name
    monkeypatch.setattr(os, "geteuid", lambda: 65534)
    with pytest.raises(EnvironmentFault, match=f"belongs to {owner}, not to nobody"):
        find_workspace(root, installed())


def test_a_workspace_with_fixes_of_its_own_still_uses_the_installed_library(root: Path) -> None:
    (root / "fixes").mkdir()
    assert Workspace(root).library.root == PROJECT
