"""A fix that was given counts as in the work only while it is there."""

from dataclasses import replace
from pathlib import Path

import pytest

from lab import handouts, shipped
from lab.engine.file_changes import FileChange
from lab.engine.patches import Patcher, ShippedTexts
from lab.engine.verb import Verb
from lab.handouts import Given, Handout
from lab.library import Library
from lab.operations.catalog import catalog_of
from lab.operations.given import given_fixes, in_place
from lab.operations.handout import make_handout
from lab.workspace import Workspace
from tests.conftest import PROJECT
from tests.measuring import fix

LIBRARY = Library(PROJECT)
QUEUE = 7


@pytest.fixture
def handed_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Workspace, Handout]:
    """A handout with the bugs 3 and 7, and its record."""
    monkeypatch.setenv(handouts.FOLDER_VARIABLE, str(tmp_path / "records"))
    made = make_handout(tmp_path / "ada", LIBRARY, bugs=["3", "7"])
    workspace = Workspace(made.root, LIBRARY)
    shipped.keep(workspace)
    return workspace, made.handout


def apply(workspace: Workspace, number: int) -> list[FileChange]:
    """Put the code of the fix into the work, and return what was changed."""
    patcher = Patcher(ShippedTexts(workspace))

    def read(path: object) -> bytes | None:
        file = workspace.root / str(path)
        return file.read_bytes() if file.exists() else None

    changes = list(patcher.change(fix(number), Verb.APPLY, read))
    for change in changes:
        file = workspace.root / change.path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(change.after or b"")
    return changes


def take_back(workspace: Workspace, changes: list[FileChange]) -> None:
    for change in changes:
        file = workspace.root / change.path
        if change.before is None:
            file.unlink()
        else:
            file.write_bytes(change.before)


def there(workspace: Workspace, record: Handout | None) -> list[int]:
    return [one.number for one in in_place(workspace, record, catalog_of(workspace).fixes)]


def test_a_fix_that_was_taken_back_is_given_and_no_longer_in_the_work(
    handed_out: tuple[Workspace, Handout],
) -> None:
    workspace, record = handed_out
    assert (there(workspace, record), there(workspace, None)) == ([], [])
    record = replace(record, given=(Given("fix", QUEUE, 1.0), Given("hint", 3, 1.0, 1)))
    changes = apply(workspace, QUEUE)
    assert there(workspace, record) == [QUEUE]
    edited = next(one for one in changes if one.before is None)
    (workspace.root / edited.path).write_bytes((edited.after or b"") + b"\n# mine\n")
    assert there(workspace, record) == [QUEUE]
    take_back(workspace, changes)
    assert there(workspace, record) == []
    assert given_fixes(record) == {QUEUE}


def test_a_fix_that_was_exported_too_brings_its_schema_only_if_its_revision_is_in_the_work(
    handed_out: tuple[Workspace, Handout],
) -> None:
    workspace, record = handed_out
    record = replace(record, given=(Given("fix", QUEUE, 1.0, revision="abc123"), Given("fix", QUEUE, 2.0)))
    apply(workspace, QUEUE)
    assert there(workspace, record) == [QUEUE]
    (workspace.root / "migrations" / "versions" / "abc123_given_7.py").write_text(
        'revision: str = "abc123"\ndown_revision = "0002"\n'
    )
    assert there(workspace, record) == []
