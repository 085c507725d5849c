"""The library comes from the option, the variable or the installation, never from the workspace."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from lab import library
from lab.errors import UsageError
from lab.library import VARIABLE, Library, find_library, installed
from tests.conftest import PROJECT


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """The folder of another library."""
    return made(tmp_path / "other")


def made(root: Path) -> Path:
    (root / "fixes" / "01_first").mkdir(parents=True)
    (root / "lab.toml").write_text("[code]\n")
    (root / "fixes" / "01_first" / "fix.toml").write_text("number = 1\n")
    (root / "app").mkdir()
    (root / "app" / "service.py").write_text("x = 1\n")
    return root


def test_without_a_name_it_is_that_of_the_installation(other: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(other)
    assert find_library(None, {}) == installed() == Library(PROJECT)
    assert not installed().is_packaged


def test_the_variable_names_it(other: Path) -> None:
    assert find_library(None, {VARIABLE: str(other)}).root == other


def test_the_option_is_stronger_than_the_variable(other: Path, tmp_path: Path) -> None:
    second = made(tmp_path / "second")
    assert find_library(second, {VARIABLE: str(other)}).root == second


def test_an_empty_variable_names_nothing() -> None:
    assert find_library(None, {VARIABLE: ""}) == installed()


def test_a_relative_name_is_made_absolute(other: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(other.parent)
    assert find_library(Path("other"), {}).root == other


@pytest.mark.parametrize("by_variable", [False, True])
def test_a_folder_without_lab_toml_is_refused(tmp_path: Path, by_variable: bool) -> None:
    environ: Mapping[str, str] = {VARIABLE: str(tmp_path)} if by_variable else {}
    with pytest.raises(UsageError, match=r"is no library: it holds no lab\.toml"):
        find_library(None if by_variable else tmp_path, environ)


def test_a_folder_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no library"):
        find_library(tmp_path / "missing", {})


def test_an_installed_package_has_its_library_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = made(tmp_path / library.CONTENT)
    monkeypatch.setattr(library, "PACKAGE", tmp_path)
    assert installed() == Library(content)
    assert installed().is_packaged


def test_equal_files_have_an_equal_digest(other: Path, tmp_path: Path) -> None:
    copied = Path(shutil.copytree(other, tmp_path / "copied"))
    assert Library(copied).digest() == Library(other).digest()


@pytest.mark.parametrize("name", ["lab.toml", "fixes/01_first/fix.toml"])
def test_the_digest_changes_with_a_byte(other: Path, name: str) -> None:
    before = Library(other).digest()
    content = (other / name).read_bytes()
    (other / name).write_bytes(content[:-1] + b"\r")
    assert Library(other).digest() != before
    (other / name).write_bytes(content)
    assert Library(other).digest() == before


def test_the_digest_changes_with_a_name(other: Path) -> None:
    before = Library(other).digest()
    (other / "fixes" / "01_first").rename(other / "fixes" / "02_first")
    assert Library(other).digest() != before


def test_the_digest_leaves_out_compiled_code_and_what_is_no_part_of_a_library(other: Path) -> None:
    before = Library(other).digest()
    for name in ("probes/__pycache__/service.pyc", "app/service.py", ".lab/settings.json", "notes.txt"):
        (other / name).parent.mkdir(parents=True, exist_ok=True)
        (other / name).write_text("changed")
    assert Library(other).digest() == before
