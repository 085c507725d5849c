"""Fix 3: of concurrent bookings of one device, one succeeds."""

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from lab.database import connect
from lab.shell import run
from tests.conftest import Database
from tests.fixes.conftest import Lab, Sql
from tests.fixes.replica import Replica

DEVICE = "device-01"
CLIENTS = 16
OPEN = "SELECT workflow_id FROM bookings WHERE device_id = %s AND released_at IS NULL ORDER BY id"


@pytest.fixture(scope="module")
def replicas(shared_lab: Lab) -> list[Replica]:
    """Two replicas with fix 3. Each test that uses them has devices of its own."""
    shared_lab.apply(3)
    return [shared_lab.start("device_service"), shared_lab.start("device_service")]


def book_at_once(replicas: list[Replica], device: str) -> list[int]:
    """Send `CLIENTS` bookings at once, distributed over the replicas. Return their statuses, sorted."""
    together = threading.Barrier(CLIENTS)

    def book(client: int) -> int:
        together.wait()
        replica = replicas[client % len(replicas)]
        return replica.post(f"/devices/{device}/book", workflow_id=f"client-{client}").status_code

    with ThreadPoolExecutor(CLIENTS) as pool:
        return sorted(pool.map(book, range(CLIENTS)))


def test_without_the_fix_the_same_test_finds_double_bookings(lab: Lab, sql: Sql) -> None:
    replicas = [lab.start("device_service"), lab.start("device_service")]
    assert book_at_once(replicas, DEVICE).count(200) > 1
    assert len(sql(OPEN, DEVICE)) > 1


def test_one_of_many_bookings_over_two_replicas_succeeds(replicas: list[Replica], shared_sql: Sql) -> None:
    one_booking_of_many_succeeds(replicas, shared_sql)


@pytest.mark.slow
def test_one_of_many_bookings_succeeds_by_the_lock_alone(lab: Lab, sql: Sql) -> None:
    lab.patch(3)
    one_booking_of_many_succeeds([lab.start("device_service"), lab.start("device_service")], sql)


def one_booking_of_many_succeeds(replicas: list[Replica], sql: Sql) -> None:
    for device in ("device-01", "device-02", "device-03"):
        assert book_at_once(replicas, device) == [200] + [409] * (CLIENTS - 1)
        [(holder,)] = sql(OPEN, device)
        assert replicas[0].get(f"/devices/{device}").json()["workflow_id"] == holder


def test_a_booking_that_the_index_forbids_is_a_conflict_and_changes_nothing(
    replicas: list[Replica], shared_sql: Sql
) -> None:
    device, service = "device-04", replicas[0]
    shared_sql("INSERT INTO bookings (device_id, workflow_id) VALUES (%s, 'by hand')", device)
    answer = service.post(f"/devices/{device}/book", workflow_id="client")
    assert answer.status_code == 409
    assert answer.json()["error"]
    assert service.get(f"/devices/{device}").json()["status"] == "available"
    assert shared_sql(OPEN, device) == [("by hand",)]


def test_any_other_violated_constraint_is_an_error_and_not_a_conflict(
    replicas: list[Replica], shared_sql: Sql
) -> None:
    device, service = "device-06", replicas[0]
    shared_sql("ALTER TABLE bookings ADD CONSTRAINT no_robots CHECK (workflow_id <> 'robot')")
    assert service.post(f"/devices/{device}/book", workflow_id="robot").status_code == 500
    assert service.get(f"/devices/{device}").json()["status"] == "available"
    assert shared_sql(OPEN, device) == []


def test_a_device_that_the_session_has_loaded_before_is_read_again(lab: Lab, database: Database) -> None:
    """Otherwise FOR UPDATE would lock the row, and the session would keep the old status."""
    lab.patch(3)
    url = database.url_for("device_service")
    script = f"""
import sqlalchemy as sa
from sqlalchemy import orm
from app.common import errors
from app.device_service import queries
engine = sa.create_engine({url!r})
with orm.Session(engine) as ours, orm.Session(engine) as theirs:
    assert queries.get_device(ours, {DEVICE!r}).status == "available"
    queries.book_device(theirs, {DEVICE!r}, "theirs")
    theirs.commit()
    try:
        queries.book_device(ours, {DEVICE!r}, "ours")
    except errors.Conflict:
        print("refused")
"""
    finished = run([sys.executable, "-c", script], cwd=lab.root)
    assert finished.stdout == b"refused\n", finished.stderr.decode()


def test_the_migration_keeps_the_holders_or_the_newest_booking_open(lab: Lab, sql: Sql) -> None:
    sql("UPDATE devices SET status = 'busy', workflow_id = 'holder' WHERE id = 'device-01'")
    sql(
        """
        INSERT INTO bookings (device_id, workflow_id, booked_at) VALUES
            ('device-01', 'older', '2025-01-01 08:00'),
            ('device-01', 'holder', '2025-01-01 09:00'),
            ('device-01', 'newer', '2025-01-01 10:00'),
            ('device-02', 'older', '2025-01-01 08:00'),
            ('device-02', 'newest, first', '2025-01-01 10:00'),
            ('device-02', 'newest, second', '2025-01-01 10:00'),
            ('device-03', 'only', '2025-01-01 08:00')
        """
    )
    closed_before = sql("SELECT id, released_at FROM bookings WHERE released_at IS NOT NULL ORDER BY id")
    devices_before = sql("SELECT * FROM devices ORDER BY id")
    lab.upgrade(3)
    assert [sql(OPEN, device) for device in ("device-01", "device-02", "device-03")] == [
        [("holder",)],
        [("newest, second",)],
        [("only",)],
    ]
    was_closed = "SELECT id, released_at FROM bookings WHERE released_at IS NOT NULL ORDER BY id LIMIT %s"
    assert sql(was_closed, len(closed_before)) == closed_before
    assert sql("SELECT * FROM devices ORDER BY id") == devices_before
    lab.downgrade(3)
    sql("INSERT INTO bookings (device_id, workflow_id) VALUES ('device-03', 'second')")


def test_the_migration_waits_for_a_booking_in_progress_and_closes_it_too(
    lab: Lab, sql: Sql, database: Database
) -> None:
    other = connect(database.url)
    other.autocommit = False
    with other, other.cursor() as cursor:
        cursor.execute("INSERT INTO bookings (device_id, workflow_id) VALUES ('device-01', 'first')")
        cursor.execute("INSERT INTO bookings (device_id, workflow_id) VALUES ('device-01', 'second')")
        migration = threading.Thread(target=lab.upgrade, args=(3,))
        migration.start()
        waits = "SELECT count(*) FROM pg_locks WHERE relation = 'bookings'::regclass AND NOT granted"
        deadline = time.monotonic() + 30
        while sql(waits) == [(0,)]:
            assert time.monotonic() < deadline
            time.sleep(0.02)
    migration.join()
    other.close()
    assert sql(OPEN, "device-01") == [("second",)]
    assert sql("SELECT version_num FROM lab.fix_version") == [("fix_3",)]
