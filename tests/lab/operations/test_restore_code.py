"""The shipped code is restored whatever replaced it, and no edit is lost."""

import shutil
from pathlib import Path

import pytest

from lab.operations.down import down
from lab.operations.reset import reset
from lab.operations.up import up
from lab.shell import run
from lab.workspace import Workspace
from tests.lab.operations.conftest import ROWS

NO_REPOSITORY = {"GIT_CEILING_DIRECTORIES": "/"}

pytestmark = pytest.mark.usefixtures("lab")


@pytest.mark.slow
def test_the_edits_are_saved_as_a_patch_before_the_restore(workspace: Workspace, tmp_path: Path) -> None:
    edited, added = workspace.root / "app/common/params.py", workspace.root / "migrations/versions/mine.py"
    removed = workspace.root / "app/common/timestamps.py"
    shipped = {path: path.read_bytes() for path in (edited, removed)}
    edited.write_bytes(shipped[edited] + b"# mine\n")
    added.write_text('revision = "mine"\ndown_revision = "0002"\n')
    removed.unlink()

    code = reset(workspace, code=True).code

    assert code is not None
    assert code.patch is not None
    assert {workspace.root / path for path in code.changed} == {edited, added, removed}
    assert {path: path.read_bytes() for path in shipped} == shipped
    assert not added.exists()
    assert run(["git", "apply", "-p1", code.patch], cwd=workspace.root, env=NO_REPOSITORY).code == 0
    assert edited.read_bytes().endswith(b"# mine\n")
    assert added.exists()
    assert not removed.exists()
    reset(workspace, code=True)


def test_a_file_replaces_a_folder_and_a_folder_a_file(workspace: Workspace) -> None:
    module, package = workspace.root / "app/common/params.py", workspace.root / "app/workflow_service"
    shipped = {path: path.read_bytes() for path in (module, *package.glob("*.py"))}
    module.unlink()
    (module / "deep").mkdir(parents=True)
    (module / "deep" / "mine.py").write_text("mine = 1\n")
    shutil.rmtree(package)
    package.write_text("no package\n")

    code = reset(workspace, code=True).code

    assert code is not None
    assert code.patch is not None
    assert {path: path.read_bytes() for path in shipped} == shipped
    saved = code.patch.read_text()
    assert "mine = 1" in saved
    assert "no package" in saved


@pytest.mark.slow
def test_a_file_replaces_a_link_to_its_copy(workspace: Workspace, tmp_path: Path) -> None:
    module = workspace.root / "app/common/params.py"
    module.rename(tmp_path / "elsewhere.py")
    module.symlink_to(tmp_path / "elsewhere.py")
    reset(workspace, code=True)
    assert not module.is_symlink()
    assert module.read_bytes() == (tmp_path / "elsewhere.py").read_bytes()


@pytest.mark.slow
def test_the_shipped_code_is_still_kept_after_down_destroy(workspace: Workspace, port_offset: int) -> None:
    edited = workspace.root / "app/common/params.py"
    shipped = edited.read_bytes()
    edited.write_bytes(shipped + b"# mine\n")
    down(workspace, destroy=True)
    up(workspace, rows=ROWS, port_offset=port_offset)
    reset(workspace, code=True)
    assert edited.read_bytes() == shipped


@pytest.mark.slow
def test_a_link_is_saved_as_a_link_and_taken_away(workspace: Workspace) -> None:
    file, folder, inside = (
        workspace.root / "app" / name for name in ("zero", "everything", "common/params.py")
    )
    shipped = inside.read_bytes()
    file.symlink_to("/dev/zero")
    folder.symlink_to("/")
    inside.unlink()
    inside.symlink_to("/proc/kcore")

    code = reset(workspace, code=True).code

    assert code is not None
    assert code.patch is not None
    assert not file.is_symlink()
    assert not folder.is_symlink()
    assert inside.read_bytes() == shipped
    assert run(["git", "apply", code.patch], cwd=workspace.root, env=NO_REPOSITORY).code == 0
    assert (file.readlink(), folder.readlink()) == (Path("/dev/zero"), Path("/"))
    reset(workspace, code=True)
