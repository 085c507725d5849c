"""Fix 7: the contract of the device queue, with sequential requests. Each test has its own device."""

import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from time import monotonic
from typing import Any

import psycopg2
import pytest

from lab.catalog import Catalog
from lab.database import connect
from tests.conftest import Database, Server, new_database
from tests.fixes.conftest import Lab, Sql, new_lab, new_sql
from tests.fixes.replica import Replica


@dataclass(frozen=True)
class Device:
    """A new device, and the requests of the queue API."""

    id: str
    service: Replica

    @property
    def path(self) -> str:
        return f"/devices/{self.id}"

    def join(self, workflow: str, priority: str = "normal") -> dict[str, Any]:
        answer = self.service.post(f"{self.path}/queue", workflow_id=workflow, priority=priority)
        assert answer.status_code == 201, answer.text
        entry: dict[str, Any] = answer.json()
        return entry

    def release(self, workflow: str) -> dict[str, Any]:
        answer = self.service.post(f"{self.path}/release", workflow_id=workflow)
        assert answer.status_code == 200, answer.text
        device: dict[str, Any] = answer.json()
        return device

    def set_status(self, status: str) -> dict[str, Any]:
        answer = self.service.ask("PATCH", self.path, json={"status": status})
        assert answer.status_code == 200, answer.text
        device: dict[str, Any] = answer.json()
        return device

    def cancel(self, entry: object) -> int:
        return self.service.ask("DELETE", f"{self.path}/queue/{entry}").status_code

    def queue(self) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self.service.get(f"{self.path}/queue").json()["queue"]
        return entries

    def line(self) -> list[str]:
        return [entry["workflow_id"] for entry in self.queue()]

    def wait(self, **query: str) -> dict[str, Any]:
        wait: dict[str, Any] = self.service.get(f"{self.path}/wait-time", **query).json()
        return wait

    def holder(self) -> tuple[str, str | None]:
        device = self.service.get(self.path).json()
        return device["status"], device["workflow_id"]


@pytest.fixture(
    scope="module",
    params=[pytest.param((7,), marks=pytest.mark.slow, id="alone"), pytest.param((3, 7), id="with fix 3")],
)
def fixed(
    request: pytest.FixtureRequest,
    server: Server,
    template: str,
    catalog: Catalog,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Lab]:
    with (
        new_database(server, template) as database,
        new_lab(tmp_path_factory.mktemp("queue"), database, catalog) as lab,
    ):
        lab.apply(*request.param)
        yield lab


@pytest.fixture(scope="module")
def service(fixed: Lab) -> Replica:
    return fixed.start("device_service")


@pytest.fixture
def sql(fixed: Lab) -> Iterator[Sql]:
    with new_sql(fixed.database) as execute:
        yield execute


@pytest.fixture
def device(service: Replica, sql: Sql) -> Device:
    return new_device(service, sql)


def new_device(service: Replica, sql: Sql) -> Device:
    name = f"made-{uuid.uuid4().hex[:8]}"
    sql("INSERT INTO devices (id, name, type) VALUES (%s, 'made by a test', 'centrifuge')", name)
    return Device(name, service)


def test_an_available_device_is_booked_at_once(device: Device, sql: Sql) -> None:
    entry = device.join("first")
    assert (entry["status"], entry["position"], entry["priority"]) == ("booked", None, "normal")
    assert entry["booked_at"] >= entry["queued_at"]
    assert device.holder() == ("busy", "first")
    assert device.line() == []
    opened = "SELECT workflow_id FROM bookings WHERE device_id = %s AND released_at IS NULL"
    assert sql(opened, device.id) == [("first",)]


def test_entries_are_served_by_priority_then_by_time(device: Device) -> None:
    device.join("holder")
    places = [
        device.join(workflow, priority)["position"]
        for workflow, priority in (
            ("low 1", "low"),
            ("normal 1", "normal"),
            ("high 1", "high"),
            ("normal 2", "normal"),
            ("high 2", "high"),
            ("low 2", "low"),
        )
    ]
    assert places == [1, 1, 1, 3, 2, 6]
    expected = ["high 1", "high 2", "normal 1", "normal 2", "low 1", "low 2"]
    shown = [(entry["position"], entry["workflow_id"]) for entry in device.queue()]
    assert shown == [*enumerate(expected, start=1)]
    for before, after in zip(["holder", *expected], [*expected, None], strict=True):
        assert device.release(before)["workflow_id"] == after
    assert device.holder() == ("available", None)


def test_of_two_entries_with_the_same_time_the_lower_id_is_first(device: Device, sql: Sql) -> None:
    device.join("holder")
    for workflow in ("z", "a"):
        sql(
            "INSERT INTO device_queue (device_id, workflow_id, queued_at) VALUES (%s, %s, '2025-01-01')",
            device.id,
            workflow,
        )
    assert device.line() == ["z", "a"]
    assert device.release("holder")["workflow_id"] == "z"


def test_a_cancelled_entry_is_never_served(device: Device) -> None:
    device.join("holder")
    entry = device.join("cancelled", "high")
    device.join("patient", "low")
    assert device.cancel(entry["id"]) == 200
    assert device.line() == ["patient"]
    assert device.release("holder")["workflow_id"] == "patient"
    assert device.join("cancelled")["position"] == 1  # a cancelled workflow can join again


def test_booked_and_unknown_entries_cannot_be_cancelled(device: Device, service: Replica, sql: Sql) -> None:
    other = new_device(service, sql)
    booked, waiting = device.join("holder")["id"], device.join("waiting")["id"]
    assert device.cancel(booked) == 409
    assert other.cancel(waiting) == 404
    assert Device("nowhere", service).cancel(waiting) == 404
    for unknown in ("0", "999999", str(2**31), "9" * 30, "one", "-1"):
        assert device.cancel(unknown) == 404, unknown
    assert [device.cancel(waiting), device.cancel(waiting)] == [200, 404]
    assert device.holder() == ("busy", "holder")


def test_a_workflow_cannot_be_queued_twice_or_for_a_device_that_it_holds(
    device: Device, service: Replica, sql: Sql
) -> None:
    device.join("holder")
    device.join("waiting")
    for workflow in ("holder", "waiting"):
        answer = service.post(f"{device.path}/queue", workflow_id=workflow, priority="high")
        assert (answer.status_code, list(answer.json())) == (409, ["error"])
    assert sql("SELECT count(*) FROM device_queue WHERE device_id = %s", device.id) == [(2,)]
    new_device(service, sql).join("waiting")  # other devices have their own queues


def test_a_queue_has_at_most_1000_entries(device: Device, service: Replica, sql: Sql) -> None:
    device.join("holder")
    others = "SELECT %s, 'w' || n FROM generate_series(1, 999) n"
    sql(f"INSERT INTO device_queue (device_id, workflow_id) {others}", device.id)
    assert device.join("the thousandth")["position"] == 1000
    answer = service.post(f"{device.path}/queue", workflow_id="one more", priority="high")
    assert (answer.status_code, "is full" in answer.json()["error"]) == (409, True)
    assert device.cancel(device.queue()[0]["id"]) == 200
    assert device.join("one more", "high")["position"] == 1


def test_an_invalid_request_to_the_queue_is_refused(device: Device, service: Replica) -> None:
    for body in (
        {},
        {"workflow_id": ""},
        {"workflow_id": "w" * 37},
        {"workflow_id": 7},
        {"workflow_id": "w", "priority": "urgent"},
        {"workflow_id": "w", "priority": None},
        {"workflow_id": "w", "priority": 1},
    ):
        assert service.post(f"{device.path}/queue", **body).status_code == 400, body
    assert device.holder() == ("available", None)
    assert service.post("/devices/nowhere/queue", workflow_id="w").status_code == 404
    assert service.get("/devices/nowhere/queue").status_code == 404
    assert service.get("/devices/nowhere/wait-time").status_code == 404
    assert service.get(f"{device.path}/wait-time", priority="urgent").status_code == 400
    assert service.get(f"{device.path}/wait-time", priority="").status_code == 400


@pytest.mark.parametrize("status", ["maintenance", "offline"])
def test_the_queue_of_a_device_out_of_service_is_served_when_it_is_available_again(
    device: Device, status: str
) -> None:
    device.set_status(status)
    assert device.join("second", "low")["status"] == "queued"
    assert device.join("first", "high")["status"] == "queued"
    assert device.holder() == (status, None)
    returned = device.set_status("available")
    assert (returned["status"], returned["workflow_id"]) == ("busy", "first")
    assert device.line() == ["second"]


def test_from_maintenance_to_offline_no_entry_is_served(device: Device) -> None:
    device.set_status("maintenance")
    device.join("waiting")
    assert device.set_status("offline")["status"] == "offline"
    assert device.line() == ["waiting"]


def test_a_booking_that_bypasses_the_queue_is_refused_while_it_has_entries(
    device: Device, service: Replica
) -> None:
    device.join("holder")
    device.join("waiting", "low")
    device.release("holder")
    assert service.post(f"{device.path}/book", workflow_id="pushing").status_code == 409
    assert device.holder() == ("busy", "waiting")


def log_runs(sql: Sql, device: Device, *durations: int | None) -> None:
    for duration in durations:
        sql(
            """
            INSERT INTO execution_logs (device_id, workflow_id, operation, status, started_at, duration_ms)
            VALUES (%s, 'w', 'spin', 'completed', now(), %s)
            """,
            device.id,
            duration,
        )


def test_the_wait_is_estimated_from_the_devices_own_runs_and_the_entries_ahead(
    device: Device, service: Replica, sql: Sql
) -> None:
    log_runs(sql, device, 50_000, 150_000, None)
    log_runs(sql, new_device(service, sql), 1000)
    assert (device.wait()["estimated_wait_seconds"], device.wait()["reason"]) == (0, None)
    device.join("holder")
    device.join("high", "high")
    device.join("low", "low")
    since = monotonic()
    held_for = "UPDATE bookings SET booked_at = now() - %s::interval WHERE device_id = %s"
    sql(held_for, "40 s", device.id)

    first, second = device.queue()
    passed = monotonic() - since
    assert 59 - passed <= first["estimated_wait_seconds"] <= 60
    assert 159 - passed <= second["estimated_wait_seconds"] <= 160
    for priority, ahead, seconds in (("high", 1, 160), ("normal", 1, 160), ("low", 2, 260)):
        wait = device.wait(priority=priority)
        assert seconds - 1 - (monotonic() - since) <= wait["estimated_wait_seconds"] <= seconds
        rests_on = wait["based_on"]
        assert (rests_on["ahead"], rests_on["recent_runs"], rests_on["average_run_seconds"]) == (
            ahead,
            2,
            100,
        )
    assert device.wait()["priority"] == "normal"

    sql(held_for, "1 day", device.id)
    assert device.queue()[0]["estimated_wait_seconds"] == 1


def test_only_the_latest_runs_of_a_device_are_averaged(device: Device, sql: Sql) -> None:
    log_runs(sql, device, 900_000, *[10_000] * 20)
    device.join("holder")
    assert device.wait()["based_on"]["average_run_seconds"] == 10


def test_without_an_estimate_the_answer_has_a_reason(device: Device) -> None:
    for status in ("maintenance", "offline"):
        device.set_status(status)
        assert device.wait()["estimated_wait_seconds"] is None
        assert status in device.wait()["reason"]
    device.join("waiting")
    assert device.queue()[0]["estimated_wait_seconds"] is None
    device.set_status("available")
    wait = device.wait()
    assert (wait["estimated_wait_seconds"], wait["based_on"]["recent_runs"]) == (None, 0)
    assert wait["reason"]


def test_the_schema_refuses_invalid_entries(device: Device, sql: Sql) -> None:
    insert = f"INSERT INTO device_queue (device_id, workflow_id, {{}}) VALUES ('{device.id}', 'w', {{}})"
    for status in ("cancelled", "booked", "queued"):
        sql(insert.format("status", f"'{status}'"))
    for columns, values in (
        ("status", "'queued'"),  # a second live entry
        ("status", "'lost'"),
        ("status, priority", "'booked', 'urgent'"),
        ("status, priority_value", "'booked', 2"),
        ("status, priority, priority_value", "'booked', 'high', 10"),
    ):
        with pytest.raises(psycopg2.IntegrityError):
            sql(insert.format(columns, values))
    with pytest.raises(psycopg2.IntegrityError):
        sql("INSERT INTO device_queue (device_id, workflow_id) VALUES ('nowhere', 'w')")


def test_the_next_entry_is_found_by_the_index_without_a_sort(device: Device, sql: Sql) -> None:
    sql(
        """
        INSERT INTO device_queue (device_id, workflow_id, status)
        SELECT %s, 'w-' || n, CASE WHEN n %% 100 = 0 THEN 'queued' ELSE 'booked' END
        FROM generate_series(1, 10000) AS n
        """,
        device.id,
    )
    sql("ANALYZE device_queue")
    plan = sql(
        """
        EXPLAIN SELECT * FROM device_queue WHERE device_id = %s AND status = 'queued'
        ORDER BY priority_value, queued_at, id LIMIT 1
        """,
        device.id,
    )
    assert "Index Scan using ix_device_queue_order" in str(plan)
    assert "Sort" not in str(plan)


@pytest.mark.slow
@pytest.mark.parametrize("direction", ["upgrade", pytest.param("downgrade", marks=pytest.mark.slow)])
def test_the_migration_gives_up_if_a_transaction_holds_the_devices(
    lab: Lab, database: Database, direction: str
) -> None:
    if direction == "downgrade":
        lab.upgrade(7)
    with closing(connect(database.url)) as connection, connection.cursor() as cursor:
        cursor.execute("BEGIN; UPDATE devices SET updated_at = now()")
        target = {"upgrade": "fix7@head", "downgrade": "fix7@base"}[direction]
        finished = lab.alembic("-n", "fixes", direction, target)
    assert finished.code != 0
    assert b"lock timeout" in finished.stderr
