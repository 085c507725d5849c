"""Start and complete one workflow, with each answer that device-service can give."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.workflow_service import device_client
from tests.app.neighbour import Answer, Neighbour, agrees
from tests.conftest import Database, Server, free_port, new_database


@pytest.fixture(scope="module")
def database(server: Server, template: str) -> Iterator[Database]:
    with new_database(server, template) as made:
        yield made


@pytest.fixture
def pending(workflows: FlaskClient) -> str:
    created = workflows.post("/workflows", json={"name": "Plate 7", "device_id": "device-01"})
    workflow_id: str = created.json["id"]
    return workflow_id


@pytest.fixture
def running(workflows: FlaskClient, pending: str) -> str:
    assert start(workflows, pending).status_code == 200
    return pending


def start(workflows: FlaskClient, workflow_id: str) -> Any:
    return workflows.post(f"/workflows/{workflow_id}/start")


def complete(workflows: FlaskClient, workflow_id: str) -> Any:
    return workflows.post(f"/workflows/{workflow_id}/complete")


def status(workflows: FlaskClient, workflow_id: str) -> str:
    found: str = workflows.get(f"/workflows/{workflow_id}").json["status"]
    return found


def test_a_workflow_runs_once_from_start_to_completion(workflows: FlaskClient, pending: str) -> None:
    assert complete(workflows, pending).status_code == 409
    started = start(workflows, pending)
    assert (started.status_code, started.json["status"]) == (200, "running")
    assert started.json["started_at"] is not None
    assert start(workflows, pending).status_code == 409
    completed = complete(workflows, pending)
    assert (completed.status_code, completed.json["status"]) == (200, "completed")
    assert completed.json["completed_at"] is not None
    assert complete(workflows, pending).status_code == 409
    assert start(workflows, pending).status_code == 409


def test_completion_releases_the_device(workflows: FlaskClient, neighbour: Neighbour, running: str) -> None:
    neighbour.asked.clear()
    complete(workflows, running)
    assert neighbour.asked == [("POST", "/devices/device-01/release")]


def refuses(http_status: int, content: Any, holder: str | None = None) -> Any:
    """Give the same answer to each POST, and to each GET a device that `holder` holds."""

    def answer(method: str, path: str, body: Any) -> Answer:
        if method == "GET":
            return 200, {"id": path.rsplit("/", 1)[1], "workflow_id": holder}
        return http_status, content

    return answer


def test_a_refused_booking_is_passed_on_and_leaves_the_workflow_pending(
    workflows: FlaskClient, neighbour: Neighbour, pending: str
) -> None:
    for answered, content, passed_on in (
        (409, {"error": "Device 'device-01' is busy."}, 409),
        (404, {"error": "There is nothing here."}, 502),
        (404, b"<html>", 502),
        (500, {"error": "Internal server error."}, 502),
        (503, [], 502),
        (302, b"", 502),
        (200, b"<html>welcome</html>", 502),
        (200, {"workflow_id": "another"}, 502),
        (200, [], 502),
    ):
        neighbour.answer = refuses(answered, content)
        answer = start(workflows, pending)
        assert answer.status_code == passed_on, (answered, content)
        assert f"device-service answered {answered}" in answer.json["error"]
        assert status(workflows, pending) == "pending"


def test_a_device_that_device_service_does_not_know_is_a_conflict(
    workflows: FlaskClient, neighbour: Neighbour, pending: str
) -> None:
    neighbour.answer = lambda method, path, body: (404, {"error": "No device 'device-01'."})
    answer = start(workflows, pending)
    assert answer.status_code == 409
    assert "no device 'device-01'" in answer.json["error"]
    assert status(workflows, pending) == "pending"


def test_a_start_succeeds_if_the_workflow_holds_the_device_already(
    workflows: FlaskClient, neighbour: Neighbour, pending: str
) -> None:
    neighbour.answer = refuses(409, {"error": "busy"}, holder=pending)
    assert start(workflows, pending).status_code == 200
    assert status(workflows, pending) == "running"


@pytest.mark.parametrize("answered", [403, 409])
def test_a_completion_succeeds_if_the_workflow_no_longer_holds_the_device(
    workflows: FlaskClient, neighbour: Neighbour, running: str, answered: int
) -> None:
    neighbour.answer = refuses(answered, {"error": "no"})
    assert complete(workflows, running).status_code == 200


@pytest.mark.parametrize("answered", [404, 500])
def test_a_failed_release_is_passed_on_and_leaves_the_workflow_running(
    workflows: FlaskClient, neighbour: Neighbour, running: str, answered: int
) -> None:
    neighbour.answer = refuses(answered, {"error": "no"})
    answer = complete(workflows, running)
    assert answer.status_code == 502
    assert f"device-service answered {answered}" in answer.json["error"]
    assert status(workflows, running) == "running"


def test_an_unreachable_device_service_is_503_and_leaves_the_workflow_pending(
    workflow_app: Flask, workflows: FlaskClient, pending: str
) -> None:
    unreachable = device_client.DeviceClient(f"http://127.0.0.1:{free_port()}")
    workflow_app.extensions[device_client.EXTENSION] = unreachable
    answer = start(workflows, pending)
    assert answer.status_code == 503
    assert "out of reach" in answer.json["error"]
    assert status(workflows, pending) == "pending"


def test_an_invalid_url_of_device_service_is_503(
    workflow_app: Flask, workflows: FlaskClient, pending: str
) -> None:
    for url in ("", "nonsense", "http://", "http://[", "ftp://127.0.0.1"):
        workflow_app.extensions[device_client.EXTENSION] = device_client.DeviceClient(url)
        assert start(workflows, pending).status_code == 503, url


def test_no_answer_in_time_is_504_and_leaves_the_workflow_pending(
    workflow_app: Flask, workflows: FlaskClient, neighbour: Neighbour, pending: str
) -> None:
    impatient = device_client.DeviceClient(neighbour.url, timeout=0.1)
    workflow_app.extensions[device_client.EXTENSION] = impatient
    given_up = threading.Event()

    def hesitates(method: str, path: str, body: Any) -> Answer:
        given_up.wait()
        return agrees(method, path, body)

    neighbour.answer = hesitates
    answer = start(workflows, pending)
    given_up.set()
    assert answer.status_code == 504
    assert status(workflows, pending) == "pending"
