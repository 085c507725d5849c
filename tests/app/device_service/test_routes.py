from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.app.rows import rows
from tests.conftest import Database, Server, new_database

DAY = {"start": "2025-01-01", "end": "2025-01-02"}


def book(devices: FlaskClient, workflow_id: str, device_id: str = "device-01") -> Any:
    return devices.post(f"/devices/{device_id}/book", json={"workflow_id": workflow_id})


def release(devices: FlaskClient, workflow_id: str, device_id: str = "device-01") -> Any:
    return devices.post(f"/devices/{device_id}/release", json={"workflow_id": workflow_id})


def set_status(devices: FlaskClient, status: Any, device_id: str = "device-01") -> Any:
    return devices.patch(f"/devices/{device_id}", json={"status": status})


@pytest.fixture(scope="module")
def database(server: Server, template: str) -> Iterator[Database]:
    with new_database(server, template) as made:
        yield made


@pytest.fixture(autouse=True)
def _device_is_available(database: Database) -> None:
    rows(database, "UPDATE bookings SET released_at = now() WHERE released_at IS NULL RETURNING id")
    rows(database, "UPDATE devices SET status = 'available', workflow_id = NULL RETURNING id")


def test_devices_are_listed_by_id(devices: FlaskClient) -> None:
    listed = devices.get("/devices").json["devices"]
    assert len(listed) == 20
    assert [device["id"] for device in listed] == sorted(device["id"] for device in listed)
    assert devices.get("/devices/device-01").json == listed[0]


def test_an_unknown_device_is_404(devices: FlaskClient) -> None:
    for device_id in ("nothing", "device%00", "x" * 3000, "%ff", "%F0%9F%91%8D"):
        answers = (
            devices.get(f"/devices/{device_id}"),
            book(devices, "w", device_id),
            release(devices, "w", device_id),
            set_status(devices, "offline", device_id),
        )
        assert [answer.status_code for answer in answers] == [404] * 4, device_id


def test_a_booked_device_is_busy_with_the_workflow(devices: FlaskClient, database: Database) -> None:
    answer = book(devices, "workflow-a")
    assert answer.status_code == 200
    assert answer.json["device_id"] == "device-01"
    assert answer.json["workflow_id"] == "workflow-a"
    assert answer.json["released_at"] is None
    device = devices.get("/devices/device-01").json
    assert (device["status"], device["workflow_id"]) == ("busy", "workflow-a")
    open_bookings = rows(database, "SELECT id, workflow_id FROM bookings WHERE released_at IS NULL")
    assert open_bookings == [(answer.json["id"], "workflow-a")]


def test_a_device_that_is_busy_cannot_be_booked(devices: FlaskClient) -> None:
    book(devices, "workflow-a")
    assert book(devices, "workflow-b").status_code == 409
    assert book(devices, "workflow-a").status_code == 409


@pytest.mark.parametrize("status", ["maintenance", "offline"])
def test_a_device_out_of_service_cannot_be_booked(devices: FlaskClient, status: str) -> None:
    assert set_status(devices, status).json["status"] == status
    assert book(devices, "workflow-a").status_code == 409
    assert set_status(devices, "available").json["status"] == "available"
    assert book(devices, "workflow-a").status_code == 200


def test_an_invalid_workflow_id_is_a_bad_request(devices: FlaskClient) -> None:
    for workflow_id in (None, "", 7, True, [], {}, "x" * 37, "a\0", "\ud800"):
        answers = (book(devices, workflow_id), release(devices, workflow_id))
        assert [answer.status_code for answer in answers] == [400, 400], workflow_id


def test_a_body_without_a_workflow_id_is_a_bad_request(devices: FlaskClient) -> None:
    assert devices.post("/devices/device-01/book", json={}).status_code == 400
    assert devices.post("/devices/device-01/release", json={}).status_code == 400


def test_release_frees_the_device_and_closes_its_booking(devices: FlaskClient, database: Database) -> None:
    book(devices, "workflow-a")
    answer = release(devices, "workflow-a")
    assert answer.status_code == 200
    assert (answer.json["status"], answer.json["workflow_id"]) == ("available", None)
    assert rows(database, "SELECT id FROM bookings WHERE released_at IS NULL") == []


def test_only_the_holder_can_release(devices: FlaskClient) -> None:
    book(devices, "workflow-a")
    assert release(devices, "workflow-b").status_code == 403
    assert devices.get("/devices/device-01").json["workflow_id"] == "workflow-a"


def test_a_device_that_is_not_booked_cannot_be_released(devices: FlaskClient) -> None:
    assert release(devices, "workflow-a").status_code == 409
    book(devices, "workflow-a")
    release(devices, "workflow-a")
    assert release(devices, "workflow-a").status_code == 409


def test_the_status_of_a_booked_device_cannot_be_set(devices: FlaskClient) -> None:
    book(devices, "workflow-a")
    for status in ("available", "maintenance", "offline"):
        assert set_status(devices, status).status_code == 409
    assert devices.get("/devices/device-01").json["status"] == "busy"


def test_any_other_status_is_a_bad_request(devices: FlaskClient) -> None:
    for status in ("busy", "broken", "", None, 1, ["available"], {"status": "available"}):
        assert set_status(devices, status).status_code == 400, status


def test_execution_logs_are_listed_newest_first(devices: FlaskClient, database: Database) -> None:
    logs = devices.get("/execution-logs").json["logs"]
    expected = rows(database, "SELECT id FROM execution_logs ORDER BY started_at DESC, id DESC")
    shown = [(log["id"],) for log in logs]
    assert shown == expected[: len(shown)]
    assert shown


def test_search_returns_the_logs_of_the_span_oldest_first(devices: FlaskClient, database: Database) -> None:
    answer = devices.get("/execution-logs/search", query_string=DAY)
    expected = rows(
        database,
        "SELECT id FROM execution_logs WHERE started_at >= '2025-01-01' AND started_at < '2025-01-02'"
        " ORDER BY started_at, id",
    )
    assert [(log["id"],) for log in answer.json["logs"]] == expected
    assert expected


def test_the_start_of_the_span_is_inclusive_and_its_end_exclusive(devices: FlaskClient) -> None:
    first, second, *_ = devices.get("/execution-logs/search", query_string=DAY).json["logs"]
    span = {"start": first["started_at"], "end": second["started_at"]}
    assert devices.get("/execution-logs/search", query_string=span).json["logs"] == [first]


def test_idle_seconds_run_from_the_end_of_the_previous_run_of_the_device(
    devices: FlaskClient, database: Database
) -> None:
    expected = rows(
        database,
        "SELECT id, greatest(0, extract(epoch FROM started_at - lag(completed_at) OVER run))::float,"
        " lag(id) OVER run FROM execution_logs"
        " WINDOW run AS (PARTITION BY device_id ORDER BY started_at, id) ORDER BY started_at, id",
    )
    idle_seconds = {
        key: None if previous is None else pytest.approx(idle) for key, idle, previous in expected
    }
    opening = {"start": "2016-01-01", "end": "2016-02-01"}
    for span in (DAY, opening):
        logs = devices.get("/execution-logs/search", query_string=span).json["logs"]
        shown = {log["id"]: log["idle_seconds"] for log in logs}
        assert shown == {key: idle_seconds[key] for key in shown}
        assert shown
    assert list(shown.values()) == [None] * len(shown)  # in the first month, each is its device's first run


def test_of_runs_that_started_at_the_same_time_the_one_with_the_lower_id_is_earlier(
    devices: FlaskClient, database: Database
) -> None:
    rows(
        database,
        "INSERT INTO execution_logs"
        " (id, device_id, workflow_id, operation, status, started_at, completed_at) VALUES"
        " (900003, 'device-01', 'w', 'spin', 'completed', '2030-01-01 08:00', '2030-01-01 08:30'),"
        " (900001, 'device-01', 'w', 'spin', 'running', '2030-01-01 08:00', NULL),"
        " (900004, 'device-01', 'w', 'spin', 'completed', '2030-01-01 09:00', '2030-01-01 09:30'),"
        " (900002, 'device-01', 'w', 'spin', 'completed', '2030-01-01 08:00', '2030-01-01 08:10')"
        " RETURNING id",
    )
    span = {"start": "2030-01-01", "end": "2030-01-02"}
    first, *others = devices.get("/execution-logs/search", query_string=span).json["logs"]
    assert first["id"] == 900001
    assert [(log["id"], log["idle_seconds"]) for log in others] == [
        (900002, None),
        (900003, 0),
        (900004, 1800),
    ]


def test_the_bookings_of_a_device_are_found_by_an_index(database: Database) -> None:
    rows(
        database,
        "INSERT INTO bookings (device_id, workflow_id, released_at)"
        " SELECT 'device-' || lpad((1 + n % 20)::text, 2, '0'), 'w', now()"
        " FROM generate_series(1, 10000) AS n RETURNING id",
    )
    plan = rows(database, "EXPLAIN SELECT id FROM bookings WHERE device_id = 'device-01'")
    assert "ix_bookings_device_id" in str(plan)


def test_search_can_be_limited_to_a_device(devices: FlaskClient) -> None:
    everything = devices.get("/execution-logs/search", query_string=DAY).json["logs"]
    device_id = everything[0]["device_id"]
    answer = devices.get("/execution-logs/search", query_string=DAY | {"device_id": device_id})
    assert answer.json["logs"] == [log for log in everything if log["device_id"] == device_id]


def test_search_accepts_any_time_zone(devices: FlaskClient) -> None:
    shifted = {"start": "2025-01-01T02:00:00+02:00", "end": "2025-01-01T19:00:00-05:00"}
    expected = devices.get("/execution-logs/search", query_string=DAY).json
    assert devices.get("/execution-logs/search", query_string=shifted).json == expected


def test_a_search_without_matches_is_empty(devices: FlaskClient) -> None:
    for query in (
        {"start": "2025-01-02", "end": "2025-01-01"},
        {"start": "9999-12-31T23:59:59-05:00", "end": "9999-12-31"},
        {"start": "0001-01-01", "end": "0001-01-01T00:00:00+05:00"},
        DAY | {"device_id": "nothing"},
    ):
        answer = devices.get("/execution-logs/search", query_string=query)
        assert (answer.status_code, answer.json) == (200, {"logs": []}), query


def test_a_search_spans_at_most_31_days(devices: FlaskClient) -> None:
    for start, end, status in (
        ("2025-01-01", "2025-02-01", 200),
        ("2025-01-01T12:00:00Z", "2025-02-01T06:00:00-06:00", 200),
        ("2025-01-01", "2025-02-01T00:00:00.000001Z", 400),
        ("2016-01-01", "2026-01-01", 400),
        ("0001-01-01", "9999-12-31", 400),
    ):
        answer = devices.get("/execution-logs/search", query_string={"start": start, "end": end})
        assert answer.status_code == status, (start, end)
    assert answer.json == {"error": "start and end must be at most 31 days apart."}


def test_an_invalid_search_is_a_bad_request(devices: FlaskClient) -> None:
    for query in (
        {},
        {"start": "2025-01-01"},
        {"end": "2025-01-01"},
        DAY | {"start": ""},
        DAY | {"end": "tomorrow"},
        DAY | {"start": "0000-01-01"},
        DAY | {"end": "300000-01-01"},
        DAY | {"start": "2025-02-30"},
        DAY | {"device_id": ""},
        DAY | {"device_id": "\0"},
        DAY | {"device_id": "x" * 51},
    ):
        answer = devices.get("/execution-logs/search", query_string=query)
        assert answer.status_code == 400, query
        assert set(answer.json) == {"error"}
