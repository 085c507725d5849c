"""The shadow's database has the candidate's migrations and the applied fixes."""

import pytest

from lab.probing.connection import open_connection
from tests.lab.shadow.conftest import add_revision, indexes
from tests.measuring import Bench, database_at, fix


def test_the_candidates_migrations_are_run_in_the_shadow_which_is_removed_at_its_end(bench: Bench) -> None:
    add_revision(bench, 'op.create_index("mine", "bookings", ["device_id"])')
    with bench.shadow() as made:
        assert "mine" in indexes(made.bench.database)
        assert made.migration_problem == ""
        assert len(bench.shadows()) == 1
    assert bench.shadows() == []


@pytest.mark.slow
def test_a_failed_migration_is_kept_with_its_place_and_the_shadow_is_made(bench: Bench) -> None:
    add_revision(bench, 'op.execute("SELECT 1 / 0")')
    with bench.shadow(6) as made:
        assert "division by zero" in made.migration_problem
        assert made.notes == ()
        assert made.migrated is not None
        assert made.migrated.failure is not None
        assert made.migrated.failure.file.startswith("migrations/versions/")


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
    with open_connection(database_at(live)) as connection:
        connection.query("CREATE INDEX by_hand ON execution_logs (started_at)")
    with bench.shadow(live=live) as made:
        assert "by_hand" in indexes(made.bench.database)
        (note,) = made.notes
        assert "It was copied: CREATE INDEX by_hand ON" in note


@pytest.mark.slow
def test_an_index_that_a_migration_makes_is_not_copied(bench: Bench, live: str) -> None:
    add_revision(bench, 'op.create_index("mine", "execution_logs", ["started_at"])')
    with open_connection(database_at(live)) as connection:
        connection.query("CREATE INDEX of_another_name ON execution_logs (started_at)")
    with bench.shadow(6, live=live) as made:
        assert made.notes == ()
