"""Beside the bugs, a check compares what is answered and what the migrations kept."""

from pathlib import Path

import pytest

from lab.json_files import from_json
from lab.operations.contract import comparable
from lab.operations.measure import check
from lab.probing.contract.declared import Declared
from lab.probing.contract.script import Call, Script
from lab.records import EVIDENCE, Record
from lab.workspace import Workspace

MIGRATION = """\
from alembic import op

revision, down_revision = "0003", "0002"


def upgrade():
    op.execute({statement!r})
"""


def edit(workspace: Workspace, path: str, old: str, new: str) -> None:
    file = workspace.root / path
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def migrate(workspace: Workspace, statement: str) -> None:
    file = workspace.root / "migrations" / "versions" / "0003_mine.py"
    file.write_text(MIGRATION.format(statement=statement))


def test_requests_that_need_a_fix_are_left_out_but_for_light_ones() -> None:
    calls = [
        Call("s", route, "/", light=light)
        for route, light in (("GET /a", False), ("GET /b", False), ("GET /b", True))
    ]
    scripts = (Script("both", tuple(calls)), Script("left out", (calls[1],)))
    declared = Declared(needs={"bug": ("GET /b",), "other": ("GET /a",)})
    (kept,) = comparable(scripts, declared, frozenset({"bug"}))
    assert kept.calls == (calls[0], calls[2])
    assert comparable(scripts, declared, frozenset()) == scripts


@pytest.mark.slow
def test_as_shipped_nothing_is_broken(measurable: Workspace) -> None:
    found = check(measurable, ["1"])
    assert found.beside is not None
    assert (found.regressions, found.not_compared, found.beside.notes) == ((), "", ())
    assert found.beside.requests > 900
    assert from_json((found.run / EVIDENCE).read_bytes(), Record).beside == found.beside
    assert not [path for path in found.run.rglob("*") if path.name in {"data", "code", "workspace"}]


@pytest.mark.slow
def test_rows_that_a_migration_lost_and_answers_that_changed_are_regressions(measurable: Workspace) -> None:
    migrate(measurable, "DELETE FROM execution_logs WHERE started_at < '2020-01-01'")
    edit(
        measurable,
        "app/device_service/routes.py",
        'SETTABLE_STATUSES = ("available", ',
        "SETTABLE_STATUSES = (",
    )
    first, second = check(measurable, ["1"]).regressions
    assert (first.route, first.expected) == ("execution_logs", "all rows and values kept")
    assert "rows are gone" in first.actual
    assert second.route == "PATCH /devices/{device_id}"
    assert (second.expected, second.actual) == ("200", "400")


@pytest.mark.slow
def test_an_answer_that_depends_on_the_instance_is_a_regression(measurable: Workspace) -> None:
    """Requests go to every replica in turn: what one of them remembers, the other does not know."""
    routes = "app/device_service/routes.py"
    found = "queries.get_device(session, device_id).as_json()"
    edit(measurable, routes, f"jsonify({found})", f"jsonify(_seen.setdefault(device_id, {found}))")
    edit(measurable, routes, "blueprint = Blueprint(", "_seen: dict = {}\nblueprint = Blueprint(")
    assert "GET /devices/{device_id}" in {one.route for one in check(measurable, ["1"]).regressions}


@pytest.mark.slow
def test_where_the_code_does_not_run_nothing_is_compared_and_the_reason_is_told_once(
    measurable: Workspace,
) -> None:
    migrate(measurable, "SELECT no_such_function()")
    found = check(measurable, ["4"])
    assert found.not_compared
    assert found.regressions == ()
    assert [one.id for one in found.migrations] == ["does-not-run"]
    assert "no_such_function" in found.migrations[0].seen
    assert not [text for text in (found.not_compared, *found.notes) if "no_such_function" in text]


@pytest.mark.slow
def test_a_migration_that_fails_on_other_rows_than_the_seeds_is_a_regression(measurable: Workspace) -> None:
    migrate(measurable, "CREATE UNIQUE INDEX ON workflows (created_at)")
    (found,) = check(measurable, ["4"]).regressions
    assert found.route == "the migrations"
    assert "could not create unique index" in found.actual


@pytest.mark.slow
def test_a_service_that_crashes_is_not_compared(measurable: Workspace) -> None:
    (measurable.root / "app" / "device_service" / "routes.py").write_text("raise SystemExit('boom')\n")
    found = check(measurable, ["4"])
    assert "device-service ended with exit code 1" in found.not_compared


@pytest.mark.slow
def test_a_library_without_a_contract_compares_nothing(measurable: Workspace, tmp_path: Path) -> None:
    (measurable.library.probes / "contract" / "__init__.py").unlink()
    assert check(measurable, ["1"]).beside is None
