"""Fixes 1 and 2: workflow-service gets the URL of device-service, and a workflow starts."""

from lab.compose import read
from tests.fixes.conftest import Lab, Sql

VARIABLE = "DEVICE_SERVICE_URL"


def test_the_url_of_device_service_is_the_only_change_of_the_compose_file(lab: Lab) -> None:
    file = lab.root / "compose" / "docker-compose.yml"
    before = {name: dict(service.environment) for name, service in read(file).services.items()}
    lab.patch(1)
    after = {name: dict(service.environment) for name, service in read(file).services.items()}
    assert after.pop("workflow-service") == {
        **before.pop("workflow-service"),
        VARIABLE: "http://device-service:5001",
    }
    assert after == before


def test_a_started_workflow_holds_its_device_until_it_is_completed(lab: Lab, sql: Sql) -> None:
    lab.patch(2)
    devices = lab.start("device_service")
    workflows = lab.start("workflow_service", **{VARIABLE: devices.url})
    made = workflows.post("/workflows", name="made by a test", device_id="device-01").json()["id"]

    started = workflows.post(f"/workflows/{made}/start")
    assert (started.status_code, started.json()["status"]) == (200, "running")
    assert devices.get("/devices/device-01").json()["workflow_id"] == made
    assert sql("SELECT count(*) FROM bookings WHERE workflow_id = %s AND released_at IS NULL", made) == [(1,)]

    completed = workflows.post(f"/workflows/{made}/complete")
    assert (completed.status_code, completed.json()["status"]) == (200, "completed")
    assert devices.get("/devices/device-01").json()["status"] == "available"
