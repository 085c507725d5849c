"""The shadow's database has the candidate's migrations, the applied fixes, and enough rows."""

from pathlib import Path

import pytest

from lab.errors import EnvironmentFault, InvalidFile
from lab.library import Library
from lab.probing.connection import open_connection
from lab.profile import profile_of
from lab.runtime import databases
from lab.shadow import data, leftovers
from lab.workspace import Workspace
from tests.conftest import PROJECT, Server
from tests.lab.shadow.conftest import add_revision, indexes
from tests.measuring import Bench, fix


def test_the_candidates_migrations_are_run(bench: Bench) -> None:
    add_revision(bench, 'op.create_index("mine", "bookings", ["device_id"])')
    with bench.shadow(6) as made:
        assert "mine" in indexes(made.bench.database)
        assert made.migration_problem == ""


@pytest.mark.slow
def test_a_failed_migration_is_noted_and_the_shadow_is_made(bench: Bench) -> None:
    add_revision(bench, 'op.execute("SELECT 1 / 0")')
    with bench.shadow(6) as made:
        assert "division by zero" in made.migration_problem
        assert made.notes == (f"{made.migration_problem[0].upper()}{made.migration_problem[1:]}.",)


@pytest.mark.slow
def test_a_migration_that_never_ends_is_ended(bench: Bench) -> None:
    add_revision(bench, 'op.execute("LOCK TABLE devices"); op.execute("SELECT pg_sleep(3600)")')
    with (
        bench.shadow(6, migration_timeout=3) as made,
        open_connection(made.bench.database) as connection,
    ):
        assert made.migration_problem == "the migrations did not end within 3 s"
        assert connection.value("SELECT count(*) FROM pg_locks WHERE relation = 'devices'::regclass") == 0
        assert len(connection.query("SELECT * FROM devices")) == 20


@pytest.mark.slow
def test_the_schema_of_applied_fixes_is_made(bench: Bench) -> None:
    with (
        bench.shadow(6, fixes=(fix(5), fix(7))) as made,
        open_connection(made.bench.database) as connection,
    ):
        versions = connection.query("SELECT version_num FROM lab.fix_version ORDER BY 1")
        assert versions == [("fix_5",), ("fix_7",)]
        assert connection.value("SELECT to_regclass('public.device_queue') IS NOT NULL")


def test_an_index_without_a_migration_is_copied_and_noted(bench: Bench, live: str) -> None:
    with open_connection(bench.server.url(live)) as connection:
        connection.query("CREATE INDEX by_hand ON execution_logs (started_at)")
    with bench.shadow(6, live=live) as made:
        assert "by_hand" in indexes(made.bench.database)
        (note,) = made.notes
        assert "It was copied: CREATE INDEX by_hand ON" in note


@pytest.mark.slow
def test_an_index_that_a_migration_makes_is_not_copied(bench: Bench, live: str) -> None:
    add_revision(bench, 'op.create_index("mine", "execution_logs", ["started_at"])')
    with open_connection(bench.server.url(live)) as connection:
        connection.query("CREATE INDEX of_another_name ON execution_logs (started_at)")
    with bench.shadow(6, live=live) as made:
        assert made.notes == ()


def test_the_rows_that_lab_toml_asks_for_are_inserted_before_the_oldest(
    server: Server, template: str, tmp_path: Path
) -> None:
    reserved = leftovers.reserve(tmp_path, "shadow_of_a_small_lab")
    workspace = Workspace(tmp_path)
    top_up = profile_of(workspace).top_up
    assert top_up is not None
    try:
        url = data.copy_template(server.account, template, reserved, workspace)
        with open_connection(url) as connection:
            assert connection.value("SELECT count(*) FROM execution_logs") == top_up.rows
            inserted = connection.value("SELECT count(*) FROM execution_logs WHERE id < 1")
            assert inserted == top_up.rows - 500
            assert connection.value(
                "SELECT max(started_at) FILTER (WHERE id < 1) < min(started_at) FILTER (WHERE id >= 1)"
                " FROM execution_logs"
            )
    finally:
        leftovers.remove(reserved, server.account)
    assert not databases.exists(server.account, reserved.database)


@pytest.mark.parametrize(
    ("old", "new", "error", "message"),
    [
        (
            'table = "execution_logs"\nrows',
            'table = "logs"\nrows',
            InvalidFile,
            "measurement.table: 'logs' is not in the database",
        ),
        (
            '"seed.top_up"',
            '"no_such_module"',
            EnvironmentFault,
            "rows for the measurement could not be made: .*No module named no_such_module",
        ),
    ],
)
def test_rows_that_cannot_be_inserted_are_reported(
    server: Server, template: str, tmp_path: Path, old: str, new: str, error: type[Exception], message: str
) -> None:
    text = (PROJECT / "lab.toml").read_text()
    assert old in text
    (tmp_path / "lab.toml").write_text(text.replace(old, new))
    reserved = leftovers.reserve(tmp_path / "run", "shadow_without_rows")
    try:
        with pytest.raises(error, match=message):
            data.copy_template(server.account, template, reserved, Workspace(tmp_path, Library(tmp_path)))
    finally:
        leftovers.remove(reserved, server.account)
