"""A lab that another version made is refused with the edits saved, and made anew on request."""

import json
import shutil
from collections.abc import Iterator

import pytest

from lab import shipped
from lab.engine import journal
from lab.engine.transaction import Options
from lab.errors import Refused
from lab.library import Library
from lab.operations import fixes
from lab.operations.down import down
from lab.operations.fix_status import fix_status
from lab.operations.ownership import template_of
from lab.operations.runtimes import runtime_of
from lab.operations.up import up
from lab.runtime import databases
from lab.shell import run
from lab.workspace import Workspace
from tests.lab.operations.conftest import ROWS, execute, now, states
from tests.measuring import copy_library, copy_shipped

NO_REPOSITORY = {"GIT_CEILING_DIRECTORIES": "/"}
MINE = "# mine\n"


@pytest.fixture(scope="module")
def module_offset(port_offset: int) -> int:
    return port_offset + 150


@pytest.fixture(scope="module")
def another(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """A library of its own, whose next version a test can make."""
    return Library(copy_library(tmp_path_factory.mktemp("library") / "library").resolve())


@pytest.fixture(scope="module")
def from_another(
    another: Library, tmp_path_factory: pytest.TempPathFactory, module_offset: int
) -> Iterator[Workspace]:
    """A workspace of that library's code, up."""
    root = copy_shipped(tmp_path_factory.mktemp("renewal") / "lab").resolve()
    found = Workspace(root, another)
    up(found, rows=ROWS, port_offset=module_offset)
    yield found
    down(found, destroy=True)


def made_from(workspace: Workspace, **changed: str | None) -> None:
    """Change what the template's comment says that it was made from; without words, remove it."""
    runtime = runtime_of(workspace)
    name = template_of(runtime.database)
    comment = json.loads(databases.comments(runtime.account, [name])[name] or "")
    comment["lab"]["origin"] = comment["lab"]["origin"] | changed if changed else None
    databases.set_comment(runtime.account, name, json.dumps(comment))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"version": "0.0.9", "head": "0001"},
            "lab 0.0.9, which shipped the schema of revision 0001, not 0002",
        ),
        ({"version": "0.0.9", "roles": "other"}, "lab 0.0.9, which shipped other roles"),
        ({}, "lab an earlier version"),
    ],
)
def test_a_template_of_another_version_is_refused_with_the_edits_saved(
    from_another: Workspace, changed: dict[str, str], said: str
) -> None:
    made_from(from_another, version="0.1.0")
    made_from(from_another, **changed)
    edited = from_another.root / "app/common/params.py"
    edited.write_text(edited.read_text() + MINE)
    execute(from_another, "UPDATE devices SET name = 'mine'")

    with pytest.raises(Refused, match=said) as refused:
        up(from_another)

    (patch,) = from_another.saved.glob("*.patch")
    assert str(patch) in refused.value.message
    assert MINE in patch.read_text()
    assert "lab up --renew" in str(refused.value.remedy)
    assert edited.read_text().endswith(MINE)

    done = up(from_another, renew=True)

    assert done.seeded
    assert done.code is None  # the code was current
    assert edited.read_text().endswith(MINE)
    assert now(from_another).database.rows == ROWS
    assert databases.exists(runtime_of(from_another).account, template_of(runtime_of(from_another).database))
    patch.unlink()
    edited.write_text(edited.read_text().removesuffix(MINE))
    assert not up(from_another).seeded


def test_other_code_is_refused_and_renewed_with_the_edits_in_a_patch(
    from_another: Workspace, another: Library
) -> None:
    fixes.apply(from_another, ["1"])
    edited, next_version = from_another.root / "app/common/params.py", another.root / "app/common/clock.py"
    edited.write_text(edited.read_text() + MINE)
    next_version.write_text("# of the next version\n")
    removed = another.root / "app/common/timestamps.py"
    shipped_text = removed.read_text()
    removed.write_text(shipped_text + "# also of the next version\n")
    before = shipped.files(from_another)

    with pytest.raises(Refused, match="which shipped other code"):
        up(from_another)
    assert shipped.files(from_another) == before
    assert not (from_another.root / "app/common/clock.py").exists()

    done = up(from_another, renew=True)

    assert done.code is not None
    assert done.code.patch is not None
    assert (from_another.root / "app/common/clock.py").read_text() == "# of the next version\n"
    assert (from_another.root / "app/common/timestamps.py").read_text().endswith("next version\n")
    assert not edited.read_text().endswith(MINE)
    assert states(done.status)["workflow-service"] == "exited"  # fix 1 is in the patch with the edits
    assert journal.applied_by_lab(from_another) == frozenset()
    assert run(["git", "apply", done.code.patch], cwd=from_another.root, env=NO_REPOSITORY).code == 0
    assert edited.read_text().endswith(MINE)
    assert up(from_another).code is None
    edited.write_text(edited.read_text().removesuffix(MINE))


def test_a_change_that_was_interrupted_before_is_undone_after(from_another: Workspace) -> None:
    kept = from_another.root / "journal"

    def copy_journal(_: str) -> None:
        if from_another.journal.exists():
            shutil.copy(from_another.journal, kept)

    fixes.apply(from_another, ["5"], options=Options(checkpoint=copy_journal))
    kept.rename(from_another.journal)  # as if it had been killed at the very end
    made_from(from_another, head="0001")

    up(from_another, renew=True)

    assert fixes.recover(from_another).fixes == (5,)
    (state,) = (row.state for row in fix_status(from_another).fixes if row.number == 5)
    assert state == "absent"
