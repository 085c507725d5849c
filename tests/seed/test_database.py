"""Seed a real database: the rows that it has afterwards, and that an interruption leaves none."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

import pytest

import seed
from lab.database_url import DatabaseUrl
from tests.conftest import Database, Server, free_port, new_database
from tests.seed.conftest import NAMES, ask, contents, count, emptied, silent

SEVERAL_BATCHES = 60_000


class Interruption(Exception):
    """Raised by a progress callback."""


@dataclass(frozen=True)
class Full:
    """A database that was filled with SEVERAL_BATCHES logs, what `fill` returned, and its progress."""

    database: Database
    filled: seed.Filled
    heard: list[tuple[int, int]]


@pytest.fixture(scope="module")
def full(server: Server, template: str) -> Iterator[Full]:
    """For tests that only read."""
    heard: list[tuple[int, int]] = []
    with new_database(server, template) as database:
        filled = seed.fill(
            emptied(database).url,
            rows=SEVERAL_BATCHES,
            seed=1,
            progress=lambda done, total: heard.append((done, total)),
        )
        yield Full(database, filled, heard)


def test_the_requested_rows_are_added(full: Full) -> None:
    filled, names = full.filled, ("devices", "workflows", "samples", "execution_logs")

    assert (filled.devices, filled.workflows, filled.samples, filled.logs) == (20, 50, 100, SEVERAL_BATCHES)
    assert [count(full.database, name) for name in names] == [20, 50, 100, SEVERAL_BATCHES]


def test_progress_goes_from_0_to_the_number_of_rows(full: Full) -> None:
    heard = full.heard

    assert heard[0] == (0, SEVERAL_BATCHES)
    assert heard[-1] == (SEVERAL_BATCHES, SEVERAL_BATCHES)
    assert heard == sorted(heard)
    assert len(heard) > 3


def test_the_same_arguments_give_the_same_bytes_even_after_an_interrupted_run(empty: Database) -> None:
    """The order on disk is the same too: a query without ORDER BY returns the same rows."""
    seed.fill(empty.url, rows=SEVERAL_BATCHES, seed=7, progress=silent)
    expected = contents(empty)
    ask(empty, f"TRUNCATE {', '.join(NAMES)}")

    def interrupt(done: int, total: int) -> None:
        if done > total // 2:
            raise Interruption

    with pytest.raises(Interruption):
        seed.fill(empty.url, rows=SEVERAL_BATCHES, seed=7, progress=interrupt)
    assert set(contents(empty).values()) == {""}

    seed.fill(empty.url, rows=SEVERAL_BATCHES, seed=7, progress=silent)
    assert contents(empty) == expected


def test_another_seed_changes_only_the_logs(empty: Database) -> None:
    seed.fill(empty.url, rows=500, seed=1, progress=silent)
    first = contents(empty)
    ask(empty, f"TRUNCATE {', '.join(NAMES)}")

    seed.fill(empty.url, rows=500, seed=2, progress=silent)

    assert [name for name, rows in contents(empty).items() if rows != first[name]] == ["execution_logs"]


def test_the_incident_day_has_240_runs_and_far_more_than_any_other_day(full: Full) -> None:
    days = ask(
        full.database,
        "SELECT started_at::date::timestamp, count(*) FROM execution_logs GROUP BY 1 ORDER BY 2 DESC",
    )

    assert days[0] == (datetime(2025, 1, 1), 240)
    assert days[1][1] == 18  # 60,000 over ten years are 16.4 a day
    assert len(days) == 3653


def test_log_reads_in_the_order_of_its_starts(full: Full) -> None:
    disorder = """
        SELECT count(*) FILTER (WHERE started_at <= before), count(before)
        FROM (SELECT started_at, lag(started_at) OVER (ORDER BY id) AS before FROM execution_logs) AS log
    """
    assert ask(full.database, disorder) == [(0, SEVERAL_BATCHES - 1)]


def test_no_device_is_on_two_runs_at_once(full: Full) -> None:
    overlaps = """
        SELECT count(*) FILTER (WHERE started_at < before), count(before)
        FROM (
            SELECT started_at, lag(completed_at) OVER (PARTITION BY device_id ORDER BY id) AS before
            FROM execution_logs
        ) AS log
    """
    assert ask(full.database, overlaps) == [(0, SEVERAL_BATCHES - 20)]


def test_foreign_keys_are_valid_although_their_checks_were_disabled(empty: Database) -> None:
    seed.fill(empty.url, rows=1_000, seed=1, progress=silent)

    keys = ask(
        empty,
        "SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'f'",
    )
    assert len(keys) == 5
    for number, (table, definition) in enumerate(keys):
        ask(empty, f"ALTER TABLE {table} ADD CONSTRAINT again_{number} {definition}")


def test_sequences_continue_after_the_seeded_rows(empty: Database) -> None:
    seed.fill(empty.url, rows=300, seed=1, progress=silent)

    booked = ask(
        empty, "INSERT INTO bookings (device_id, workflow_id) VALUES ('device-01', 'w') RETURNING id"
    )
    sampled = ask(
        empty, "INSERT INTO samples (barcode, type, volume_ul) VALUES ('b', 'plasma', 1) RETURNING id"
    )
    assert (booked, sampled) == ([(11,)], [(101,)])


def test_tables_are_left_frozen_and_analysed(full: Full) -> None:
    state = "SELECT reltuples, relallvisible = relpages FROM pg_class WHERE relname = 'execution_logs'"
    assert ask(full.database, state) == [(SEVERAL_BATCHES, True)]


@pytest.mark.parametrize("rows", [0, -1, 50_000_001])
def test_a_number_of_rows_out_of_range_is_refused_without_a_connection(rows: int) -> None:
    with pytest.raises(seed.WrongRows, match=f"{rows} rows cannot be made"):
        seed.fill("postgresql://user@127.0.0.1:1/none", rows=rows, seed=1, progress=silent)


def test_a_database_with_rows_is_not_changed(empty: Database) -> None:
    ask(empty, "INSERT INTO samples (barcode, type, volume_ul) VALUES ('mine', 'plasma', 1)")
    before = contents(empty)

    with pytest.raises(seed.AlreadyFilled, match="samples"):
        seed.fill(empty.url, rows=100, seed=1, progress=silent)

    assert contents(empty) == before


def test_of_two_concurrent_seeds_one_fails(empty: Database) -> None:
    outcomes: list[object] = []
    started = threading.Barrier(2)

    def attempt() -> None:
        started.wait()
        try:
            outcomes.append(seed.fill(empty.url, rows=SEVERAL_BATCHES, seed=1, progress=silent))
        except seed.AlreadyFilled as refusal:
            outcomes.append(refusal)

    both = [threading.Thread(target=attempt) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["AlreadyFilled", "Filled"]
    assert count(empty, "execution_logs") == SEVERAL_BATCHES


def test_an_owner_without_superuser_rights_can_seed(empty: Database, server: Server) -> None:
    """As on a managed server. The foreign keys are checked then, so it takes longer."""
    role = f"owner_of_{empty.name}"
    ask(empty, f"CREATE ROLE {role} LOGIN PASSWORD 'plain'")
    try:
        for name in NAMES:
            ask(empty, f"ALTER TABLE {name} OWNER TO {role}")
        url = server.account.url(empty.name, role, "plain")
        assert seed.fill(url, rows=300, seed=1, progress=silent).logs == 300
    finally:
        ask(empty, f"REASSIGN OWNED BY {role} TO lab")
        ask(empty, f"DROP ROLE {role}")


def test_an_unreachable_server_is_one_sentence_without_the_password() -> None:
    url = f"postgresql://lab:secret@127.0.0.1:{free_port()}/lab"

    with pytest.raises(seed.Unreachable, match="does not answer") as caught:
        seed.fill(url, rows=1, seed=1, progress=silent)

    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_for_a_missing_table_the_error_says_to_migrate(empty: Database) -> None:
    ask(empty, "DROP TABLE workflow_steps")

    with pytest.raises(seed.NotMigrated, match=r"workflow_steps.*alembic upgrade head"):
        seed.fill(empty.url, rows=1, seed=1, progress=silent)


def test_a_database_that_does_not_exist_is_unreachable(empty: Database) -> None:
    with pytest.raises(seed.Unreachable, match="does not exist"):
        seed.fill(
            replace(DatabaseUrl.parse(empty.url), database="nowhere").sqlalchemy,
            rows=1,
            seed=1,
            progress=silent,
        )
