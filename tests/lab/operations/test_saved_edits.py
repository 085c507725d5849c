"""No edit is lost when the shipped code is restored, also if that fails half-way. No lab needs to be up."""

import shutil
from pathlib import Path

import pytest

from lab import shipped
from lab.errors import EnvironmentFault
from lab.operations.restore_code import restore_code, save_edits
from lab.progress import silent
from lab.workspace import Workspace
from tests.lab.operations.conftest import raise_at
from tests.measuring import copy_shipped


@pytest.fixture
def own(tmp_path: Path) -> Workspace:
    """A workspace whose shipped code is kept, and whose lab was never up."""
    found = Workspace(copy_shipped(tmp_path / "lab"))
    shipped.keep(found)
    return found


def test_the_patches_sort_by_the_time_of_saving_and_the_last_one_is_used_again(
    own: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = iter([1_700_000_000_001_999_999, 1_700_000_000_002_000_000])
    monkeypatch.setattr("lab.operations.restore_code.time.time_ns", lambda: next(moments))
    patches = []
    for text in ("first\n", "second\n", "second\n"):
        (own.root / "app" / "mine.py").write_text(text)
        patches.append(save_edits(own).patch)
    assert patches[1] == patches[2]
    assert sorted(own.saved.iterdir()) == patches[:2]


@pytest.mark.parametrize(
    "error", [EnvironmentFault("no"), OSError(30, "Read-only"), KeyboardInterrupt()], ids=repr
)
def test_an_error_half_way_names_the_patch_with_the_edits(own: Workspace, error: BaseException) -> None:
    edited, added = own.root / "app/common/params.py", own.root / "app/mine.py"
    before = edited.read_bytes()
    edited.write_bytes(before + b"# mine\n")
    added.write_text("mine\n")

    with pytest.raises((EnvironmentFault, KeyboardInterrupt)) as caught:
        restore_code(own, raise_at("Putting the shipped code into the workspace", error))
    said = str(getattr(caught.value, "__notes__", caught.value))
    (patch,) = own.saved.iterdir()
    assert str(patch) in said
    assert b"+mine" in patch.read_bytes()
    restore_code(own, silent)
    assert edited.read_bytes() == before


@pytest.mark.parametrize("there", [True, False])
def test_nothing_is_written_through_a_link(own: Workspace, tmp_path: Path, there: bool) -> None:
    package, outside = own.root / "app/workflow_service", tmp_path / "outside"
    before = {path: path.read_bytes() for path in package.glob("*.py")}
    if there:
        shutil.copytree(package, outside)
        (outside / "routes.py").write_text("mine\n")
    shutil.rmtree(package)
    package.symlink_to(outside)

    restore_code(own, silent)

    assert not package.is_symlink()
    assert {path: path.read_bytes() for path in before} == before
    assert not there or (outside / "routes.py").read_text() == "mine\n"
