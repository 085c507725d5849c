"""The candidate's own migrations go up and down by plain Alembic, whatever fixes are beneath them."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.engine.fingerprint import schema_fingerprint
from lab.operations import fixes
from lab.operations.fix_status import fix_status
from lab.workspace import Workspace
from tests.conftest import Database
from tests.fixes.workspaces import copy_project
from tests.killing import Killer, killer

OWN = """\
import sqlalchemy as sa
from alembic import op

revision = "c0ffee"
down_revision = "0002"


def upgrade():
    op.create_table("notes", sa.Column("id", sa.Integer, primary_key=True))
    op.create_index("ix_execution_logs_device_id_mine", "execution_logs", ["device_id"])


def downgrade():
    op.drop_index("ix_execution_logs_device_id_mine", "execution_logs")
    op.drop_table("notes")
"""
# The fix goes on before it goes off, and the revision down before up; apart from that, in any order.
ORDERS = sorted(
    {
        order
        for order in itertools.permutations(["apply", "downgrade -1", "upgrade head", "revert"])
        if order.index("apply") < order.index("revert")
        and order.index("downgrade -1") < order.index("upgrade head")
    }
)
NUMBERS = ("3", "5", "7")
QUICK = (("downgrade -1", "apply", "upgrade head", "revert"), "7")
CASES = [
    pytest.param(
        order,
        number,
        marks=[] if (order, number) == QUICK else [pytest.mark.slow],
        id="/".join((*order, number)),
    )
    for order in ORDERS
    for number in NUMBERS
]


@pytest.fixture(scope="module")
def kills() -> Iterator[Killer]:
    with killer() as ready:
        yield ready


@pytest.fixture
def workspace(tmp_path: Path, database: Database, kills: Killer) -> Workspace:
    made = copy_project(tmp_path / "lab", database.url)
    (made.root / "migrations" / "versions" / "c0ffee_own.py").write_text(OWN)
    assert kills.alembic(made.root, "upgrade", "head") == 0
    return made


@pytest.mark.parametrize(("order", "number"), CASES)
def test_both_histories_move_in_any_order(
    workspace: Workspace, database: Database, kills: Killer, order: tuple[str, ...], number: str
) -> None:
    before = schema_fingerprint(database.url)
    expected: dict[int, str] = {}
    for act in order:
        if act in {"apply", "revert"}:
            getattr(fixes, act)(workspace, [number])
            expected = {int(number): "present"} if act == "apply" else {}
        else:
            assert kills.alembic(workspace.root, *act.split()) == 0
        states = {row.number: row.state for row in fix_status(workspace).fixes if row.state != "absent"}
        assert states == expected
    assert schema_fingerprint(database.url) == before


def test_the_way_down_to_nothing_and_up_again_leaves_fixes_that_recover_can_take_back(
    workspace: Workspace, database: Database, kills: Killer
) -> None:
    """`alembic downgrade base` takes the tables away under the fixes, records and all."""
    before = schema_fingerprint(database.url)
    fixes.apply(workspace, ["5"])
    assert kills.alembic(workspace.root, "downgrade", "base") == 0
    assert kills.alembic(workspace.root, "upgrade", "head") == 0
    (row,) = (row for row in fix_status(workspace).fixes if row.number == 5)
    assert row.why == ("fix_5 is recorded, but index ix_execution_logs_started_at is not there",)
    assert fixes.recover(workspace).fixes == (5,)
    assert schema_fingerprint(database.url) == before
    assert fixes.apply(workspace, ["5"]).fixes == (5,)
