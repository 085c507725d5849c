"""What a new workspace holds, and what is refused before anything is made."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from lab import shipped
from lab.cli.main import cli
from lab.errors import EnvironmentFault, InvalidFile, Refused
from lab.library import Library, find_library
from lab.operations.new import NewWorkspace, new_workspace
from lab.shell import Finished, run
from lab.workspace import Workspace, find_workspace
from tests.conftest import PROJECT
from tests.measuring import copy_library

NO_REPOSITORY = {"GIT_CEILING_DIRECTORIES": "/"}
CODE = {"alembic.ini", "app", "compose", "migrations", "seed"}
EXTRA = {"test-race-condition.sh", "constraints.txt", ".dockerignore", "README.md", ".gitignore", ".git"}


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """A library in no git repository."""
    root = copy_library(tmp_path / "library")
    for name in ("test-race-condition.sh", "constraints.txt", ".dockerignore"):
        shutil.copy2(PROJECT / name, root)
    return Library(root)


def git(folder: Path, *words: str) -> Finished:
    identity = ("-c", "user.name=one", "-c", "user.email=one@localhost")
    finished = run(["git", "-C", folder, *identity, *words], env=NO_REPOSITORY)
    assert finished.code == 0, finished.stderr.decode()
    return finished


def test_it_holds_the_code_and_no_fix_or_probe(library: Library, tmp_path: Path) -> None:
    root = tmp_path / "a lab"
    done = new_workspace(root, library)
    files = [path for path in root.rglob("*") if path.is_file() and not {".git", ".lab"} & {*path.parts}]
    assert done == NewWorkspace(root, len(files), None, "")
    assert {path.name for path in root.iterdir()} == CODE | EXTRA | {".lab"}
    assert shipped.is_current(Workspace(root, library))
    assert (root / "app/common/service.py").read_bytes() == (PROJECT / "app/common/service.py").read_bytes()
    assert (root / "test-race-condition.sh").stat().st_mode & 0o111
    assert not list(root.rglob("__pycache__"))
    assert find_workspace(root / "app", library) == Workspace(root, library)


def test_git_has_one_commit_of_it_whatever_the_user_has_configured(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".config/git").mkdir(parents=True)
    (tmp_path / ".config/git/ignore").write_text("*.py\n")
    (tmp_path / ".gitconfig").write_text("[commit]\n\tgpgSign = true\n[core]\n\thooksPath = /nowhere\n")
    root = tmp_path / "new"
    new_workspace(root, library)
    assert git(root, "log", "--format=%an %s").stdout == b"lab Workspace of lab 0.1.0\n"
    assert git(root, "status", "--porcelain", "--ignored").stdout == b"!! .lab/\n"
    assert git(root, "ls-files", "app/common/service.py").stdout


def test_an_authors_workspace_is_a_library_too(library: Library, tmp_path: Path) -> None:
    root = tmp_path / "mine"
    done = new_workspace(root, library, author=True)
    assert done.library == root
    own = find_library(root, {})
    assert own == Library(root)
    assert own.digest() == library.digest()
    assert (root / "tests/answers/README.md").is_file()


def test_what_git_has_committed_is_copied_whole_else_what_is_there(library: Library, tmp_path: Path) -> None:
    edited = library.root / "app/common/service.py"
    shipped = edited.read_bytes()
    git(library.root, "init", "--quiet")
    git(library.root, "add", "app")
    git(library.root, "commit", "--quiet", "-m", "a part")
    edited.write_bytes(shipped + b"# edited\n")
    new_workspace(tmp_path / "as it is", library)
    assert (tmp_path / "as it is/app/common/service.py").read_bytes() == shipped + b"# edited\n"
    git(library.root, "add", "--all", "--", ":!app")
    git(library.root, "commit", "--quiet", "-m", "the rest")
    (library.root / "app/untracked.py").touch()
    new_workspace(tmp_path / "committed", library)
    assert (tmp_path / "committed/app/common/service.py").read_bytes() == shipped
    assert not (tmp_path / "committed/app/untracked.py").exists()


def test_without_git_it_is_made_all_the_same(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    done = new_workspace(tmp_path / "new", library)
    assert "git cannot be run" in done.problem
    assert (tmp_path / "new/app/common/service.py").is_file()
    assert not (tmp_path / "new/.git").exists()


def test_an_empty_folder_is_filled_and_no_other_is_touched(library: Library, tmp_path: Path) -> None:
    root = tmp_path / "new"
    root.mkdir()
    new_workspace(root, library)
    before = sorted(root.rglob("*"))
    with pytest.raises(Refused, match="is not empty"):
        new_workspace(root, library)
    assert sorted(root.rglob("*")) == before
    with pytest.raises(Refused, match="a file is there"):
        new_workspace(root / "README.md", library)


def test_a_path_that_no_lab_can_run_in_is_refused(library: Library, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault, match="its path holds '%'"):
        new_workspace(tmp_path / "100%", library)
    assert not (tmp_path / "100%").exists()


def test_nothing_is_left_of_one_that_cannot_be_made(library: Library, tmp_path: Path) -> None:
    (library.root / "constraints.txt").unlink()
    with pytest.raises(EnvironmentFault, match=r"No such file or directory: .*constraints\.txt"):
        new_workspace(tmp_path / "new", library)
    assert not (tmp_path / "new").exists()


def test_a_file_outside_the_library_is_not_copied(library: Library, tmp_path: Path) -> None:
    text = library.profile.read_text()
    library.profile.write_text(text.replace('"constraints.txt"', '"../constraints.txt"'))
    with pytest.raises(InvalidFile, match=r"workspace\.files: '\.\./constraints\.txt' is not a path"):
        new_workspace(tmp_path / "new", library)


@pytest.mark.parametrize("words", [[], ["--author"], ["--json"]])
def test_the_command_needs_no_workspace_and_says_what_to_do_next(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    argv = ["--library", str(library.root), "new", "a lab", *words]
    finished = CliRunner().invoke(cli, argv)
    text = finished.stdout
    assert finished.exit_code == 0, finished.stderr
    root = tmp_path / "a lab"
    if "--json" in words:
        assert json.loads(text)["root"] == str(root)
    else:
        named = f"--library '{root}' " if words else ""
        assert text.endswith(f"cd '{root}' && lab {named}up\n")
    again = CliRunner().invoke(cli, argv).exception
    assert isinstance(again, Refused)
    assert "is not empty" in str(again)
