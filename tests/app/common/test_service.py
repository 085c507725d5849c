import logging

import pytest
from flask.testing import FlaskClient

import app.device_service
from lab.database import connect
from tests.app.conftest import closing
from tests.conftest import Database


def test_health_names_the_service(devices: FlaskClient, workflows: FlaskClient) -> None:
    assert devices.get("/health").json == {"status": "healthy", "service": "device-service"}
    assert workflows.get("/health").json == {"status": "healthy", "service": "workflow-service"}


def test_without_a_database_answers_are_503_in_json(devices_alone: FlaskClient) -> None:
    health = devices_alone.get("/health")
    listing = devices_alone.get("/devices")
    booking = devices_alone.post("/devices/device-01/book", json={"workflow_id": "w"})
    assert health.status_code == 503
    assert health.json is not None
    assert health.json["status"] == "unhealthy"
    assert (listing.status_code, listing.json) == (503, {"error": "The database is out of reach."})
    assert (booking.status_code, booking.json) == (503, {"error": "The database is out of reach."})


def test_connections_closed_by_the_server_are_replaced(devices: FlaskClient, database: Database) -> None:
    assert devices.get("/devices").status_code == 200
    connection = connect(database.url)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE usename = 'device_service' AND datname = current_database()"
        )
        assert cursor.fetchone() == (1,)
    connection.close()
    assert devices.get("/devices").status_code == 200


def test_a_url_without_a_driver_uses_psycopg2(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    url = database.url_for("device_service").replace("postgresql+psycopg2://", "postgresql://")
    monkeypatch.setenv("DATABASE_URL", url)
    with closing(app.device_service.create_app()) as application:
        assert application.test_client().get("/health").status_code == 200


def test_an_unknown_path_is_404_in_json(devices_alone: FlaskClient) -> None:
    for path in ("/", "/nothing", "/devices/", "/devices/a/b/c", "/device/device-01"):
        answer = devices_alone.get(path)
        assert (answer.status_code, answer.json) == (404, {"error": f"There is nothing at {path}."})


def test_a_wrong_method_is_405_in_json_and_lists_the_right_ones(devices_alone: FlaskClient) -> None:
    answer = devices_alone.delete("/devices/device-01")
    assert answer.status_code == 405
    assert answer.json is not None
    assert "method" in answer.json["error"]
    assert {"GET", "PATCH"} <= set(answer.headers["Allow"].split(", "))


def test_a_body_over_64_kib_is_413_in_json(devices_alone: FlaskClient) -> None:
    answer = devices_alone.post("/devices/device-01/book", json={"workflow_id": "x" * 2**16})
    assert answer.status_code == 413
    assert answer.json is not None
    assert answer.json["error"]


def test_an_unexpected_error_is_500_in_json_with_its_traceback_in_the_log(
    devices: FlaskClient, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    connection = connect(database.url)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE devices RENAME TO hidden")
    connection.close()
    answer = devices.get("/devices")
    assert (answer.status_code, answer.json) == (500, {"error": "Internal server error."})
    assert 'relation "devices" does not exist' in caplog.text


def test_each_request_is_one_line_in_the_log(devices: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="app.device_service")
    devices.get("/devices/a%0Ab?x=%0A1")
    (record,) = caplog.records
    assert record.getMessage().startswith("GET /devices/a%0Ab?x=%0A1 404 ")
    assert record.getMessage().endswith(" ms")


def test_a_successful_health_check_is_not_logged(
    devices: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="app.device_service")
    devices.get("/health")
    assert caplog.records == []


def test_the_openapi_file_is_served(devices_alone: FlaskClient) -> None:
    answer = devices_alone.get("/openapi.yaml")
    assert answer.mimetype == "application/yaml"
    assert answer.text.startswith("openapi: 3.1.0")
