"""A lab that another version made is refused with the edits saved, and rebuilt on request."""

import json
import shutil
from collections.abc import Iterator

import pytest

from lab import shipped
from lab.engine.transaction import Options
from lab.errors import EnvironmentFault, Refused, UsageError
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
from tests.lab.operations.conftest import ROWS, execute, now, raise_at, states
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
    """Change what the template's comment says that it was made from; without a change, remove it."""
    runtime = runtime_of(workspace)
    name = template_of(runtime.database)
    comment = json.loads(databases.comments(runtime.account, [name])[name] or "")
    comment["lab"]["origin"] = comment["lab"]["origin"] | changed if changed else None
    databases.set_comment(runtime.account, name, json.dumps(comment))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        pytest.param(
            {"version": "lab 0.0.9", "head": "0001"},
            "made by lab 0.0.9, with revision 0001 and not 0002",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            {"version": "lab 0.0.9", "content": ""},
            "made by lab 0.0.9, with other migrations, roles or rows",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            {}, "made by an earlier version of lab, and may have another schema", marks=pytest.mark.slow
        ),
    ],
)
def test_a_template_of_another_version_is_refused_with_the_edits_saved(
    from_another: Workspace, changed: dict[str, str], said: str
) -> None:
    up(from_another)
    made_from(from_another, **changed)
    edited = from_another.root / "app/common/params.py"
    edited.write_text(edited.read_text() + MINE)

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
    patch.unlink()
    edited.write_text(edited.read_text().removesuffix(MINE))
    assert not up(from_another).seeded


@pytest.mark.slow
def test_renewing_a_current_lab_keeps_its_rows(from_another: Workspace) -> None:
    execute(from_another, "DELETE FROM execution_logs WHERE id = 1")
    assert not up(from_another, renew=True).seeded
    assert now(from_another).database.rows == ROWS - 1
    execute(from_another, "CREATE TABLE mine ()")
    assert up(from_another, renew=True, rows=ROWS + 1).seeded
    assert now(from_another).database.rows == ROWS + 1
    up(from_another, renew=True, rows=ROWS)


def next_version(library: Library) -> None:
    """Change the code that the library ships: one more file, and another one that is different."""
    added, changed = (library.root / "app/common" / name for name in ("clock.py", "timestamps.py"))
    for path in (added, changed):
        path.write_text((path.read_text() if path.exists() else "") + "# of the next version\n")


@pytest.mark.slow
def test_other_code_is_refused_and_renewed_with_the_edits_in_a_patch(
    from_another: Workspace, another: Library
) -> None:
    fixes.apply(from_another, ["1", "5"])
    edited, added = from_another.root / "app/common/params.py", from_another.root / "app/common/clock.py"
    edited.write_text(edited.read_text() + MINE)
    next_version(another)
    before = shipped.files(from_another)

    with pytest.raises(Refused, match=f"with other code than that of the library {another.root}"):
        up(from_another)
    assert shipped.files(from_another) == before
    assert not added.exists()

    done = up(from_another, renew=True)

    assert done.code is not None
    assert done.code.patch is not None
    assert added.read_text() == "# of the next version\n"
    assert (from_another.root / "app/common/timestamps.py").read_text().endswith("next version\n")
    assert not edited.read_text().endswith(MINE)
    assert states(done.status)["workflow-service"] == "exited"
    assert {row.state for row in fix_status(from_another).fixes} == {"absent"}  # they are in the patch
    assert run(["git", "apply", done.code.patch], cwd=from_another.root, env=NO_REPOSITORY).code == 0
    assert edited.read_text().endswith(MINE)
    assert up(from_another).code is None
    edited.write_text(edited.read_text().removesuffix(MINE))


@pytest.mark.slow
@pytest.mark.parametrize(
    "stage",
    [
        "Putting the shipped code into the workspace",
        pytest.param("Starting PostgreSQL", marks=pytest.mark.slow),
    ],
)
def test_a_renewal_that_failed_says_where_the_edits_are_and_goes_on(
    from_another: Workspace, another: Library, stage: str
) -> None:
    edited = from_another.root / "app/common/params.py"
    edited.write_text(edited.read_text() + MINE)
    next_version(another)
    shutil.rmtree(from_another.saved)

    with pytest.raises(EnvironmentFault) as failed:
        up(from_another, renew=True, progress=raise_at(stage, EnvironmentFault("No.")))

    (patch,) = from_another.saved.glob("*.patch")
    assert MINE in patch.read_text()
    assert str(patch) in failed.value.message
    with pytest.raises(Refused, match="with other code") as refused:
        up(from_another)
    assert str(patch) in refused.value.message
    done = up(from_another, renew=True)
    assert done.code is not None
    assert done.code.patch == patch
    assert (from_another.root / "app/common/clock.py").read_bytes() == (
        another.root / "app/common/clock.py"
    ).read_bytes()
    assert MINE not in edited.read_text()
    assert up(from_another).code is None


@pytest.mark.slow
def test_a_rebuild_that_failed_keeps_the_number_of_rows(from_another: Workspace) -> None:
    made_from(from_another, head="0001")
    with pytest.raises(EnvironmentFault):
        up(from_another, renew=True, progress=raise_at("Keeping a template", EnvironmentFault("No.")))
    assert up(from_another, renew=True).seeded
    assert now(from_another).database.rows == ROWS


@pytest.mark.slow
def test_a_wrong_number_of_rows_is_refused_while_the_lab_runs(from_another: Workspace) -> None:
    with pytest.raises(UsageError):
        up(from_another, renew=True, rows=10**12)
    assert states(now(from_another))["device-service"] == "healthy"


@pytest.mark.slow
def test_a_damaged_copy_of_the_shipped_code_is_replaced_on_request(from_another: Workspace) -> None:
    edited = from_another.root / "app/common/params.py"
    edited.write_text(edited.read_text() + MINE)
    (from_another.shipped / "manifest.json").write_text("damaged")
    with pytest.raises(Refused, match="is damaged"):
        up(from_another)
    done = up(from_another, renew=True)
    assert done.code is not None
    assert done.code.patch is not None
    assert MINE in done.code.patch.read_text()
    assert shipped.is_current(from_another)


@pytest.mark.slow
def test_a_folder_that_is_a_library_itself_is_named(from_another: Workspace, another: Library) -> None:
    (from_another.root / "lab.toml").write_text("")
    next_version(another)
    with pytest.raises(Refused) as refused:
        up(from_another)
    assert f"lab --library {from_another.root} up" in str(refused.value.remedy)
    (from_another.root / "lab.toml").unlink()
    up(from_another, renew=True)


@pytest.mark.slow
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
