"""Start and complete a workflow while answers of device-service get lost and requests overlap.

device-service is the real one, in the same database. Only its answers pass through the stand-in.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.workflow_service import device_client
from tests.app.neighbour import Answer, ConnectionLost, Neighbour, passes_on
from tests.app.rows import rows
from tests.app.waiting import DEADLINE_SECONDS, until
from tests.conftest import Database

DEVICE = "device-01"
OPEN = f"SELECT workflow_id FROM bookings WHERE device_id = '{DEVICE}' AND released_at IS NULL"
HOLDER = f"SELECT status, workflow_id FROM devices WHERE id = '{DEVICE}'"
SESSIONS = (
    "SELECT state, xact_start FROM pg_stat_activity"
    " WHERE datname = current_database() AND usename = 'workflow_service'"
)
UNLOCKED = "SELECT id FROM workflows WHERE id = %s FOR UPDATE NOWAIT"


@pytest.fixture
def workflow(workflows: FlaskClient, neighbour: Neighbour, device_app: Flask) -> str:
    """A pending workflow. The stand-in passes requests on to device-service, one after the other."""
    neighbour.answer = one_at_a_time(passes_on(device_app))
    workflow_id: str = workflows.post("/workflows", json={"name": "x", "device_id": DEVICE}).json["id"]
    return workflow_id


def one_at_a_time(answer: Callable[[str, str, Any], Answer]) -> Callable[[str, str, Any], Answer]:
    """Keep concurrent requests out of the race of bug 3."""
    lock = threading.Lock()

    def locked(method: str, path: str, body: Any) -> Answer:
        with lock:
            return answer(method, path, body)

    return locked


def ask(application: Flask, workflow_id: str, verb: str) -> int:
    return application.test_client().post(f"/workflows/{workflow_id}/{verb}").status_code


def status(workflows: FlaskClient, workflow_id: str) -> str:
    found: str = workflows.get(f"/workflows/{workflow_id}").json["status"]
    return found


def is_held(database: Database, workflow_id: str) -> bool:
    return rows(database, OPEN) == [(workflow_id,)] and rows(database, HOLDER) == [("busy", workflow_id)]


def is_free(database: Database) -> bool:
    return rows(database, OPEN) == [] and rows(database, HOLDER) == [("available", None)]


@pytest.mark.parametrize("verb", ["start", "complete"])
def test_no_transaction_and_no_lock_is_held_during_the_call_to_device_service(
    workflow_app: Flask, database: Database, neighbour: Neighbour, workflow: str, verb: str
) -> None:
    if verb == "complete":
        assert ask(workflow_app, workflow, "start") == 200
    forward = neighbour.answer
    seen: list[list[Any]] = []

    def looks(method: str, path: str, body: Any) -> Answer:
        seen.append(rows(database, SESSIONS))
        seen.append(rows(database, UNLOCKED, workflow))
        return forward(method, path, body)

    neighbour.answer = looks
    assert ask(workflow_app, workflow, verb) == 200
    assert seen == [[("idle", None)], [(workflow,)]]


@pytest.mark.parametrize(
    ("verb", "work", "how"),
    [
        ("start", "done", "closed"),
        ("start", "not done", "timed out"),
        ("complete", "done", "timed out"),
        ("complete", "not done", "closed"),
    ],
)
def test_a_request_whose_answer_was_lost_can_be_repeated(
    workflow_app: Flask,
    workflows: FlaskClient,
    database: Database,
    neighbour: Neighbour,
    workflow: str,
    verb: str,
    work: str,
    how: str,
) -> None:
    if verb == "complete":
        assert ask(workflow_app, workflow, "start") == 200
    forward = neighbour.answer
    given_up = threading.Event()

    def loses(method: str, path: str, body: Any) -> Answer:
        if work == "done":
            forward(method, path, body)
        if how == "timed out":
            assert given_up.wait(DEADLINE_SECONDS)
        raise ConnectionLost

    neighbour.answer = loses
    client = workflow_app.extensions[device_client.EXTENSION]
    if how == "timed out":
        impatient = device_client.DeviceClient(neighbour.url, timeout=0.5)
        workflow_app.extensions[device_client.EXTENSION] = impatient
    assert ask(workflow_app, workflow, verb) == {"closed": 503, "timed out": 504}[how]
    workflow_app.extensions[device_client.EXTENSION] = client
    given_up.set()
    assert status(workflows, workflow) == {"start": "pending", "complete": "running"}[verb]
    assert is_held(database, workflow) == ((verb, work) in {("start", "done"), ("complete", "not done")})

    neighbour.answer = forward
    assert ask(workflow_app, workflow, verb) == 200
    if verb == "start":
        assert status(workflows, workflow) == "running"
        assert is_held(database, workflow)
        assert ask(workflow_app, workflow, "complete") == 200
    assert status(workflows, workflow) == "completed"
    assert is_free(database)


@pytest.mark.parametrize("verb", ["start", "complete"])
def test_of_two_requests_at_once_one_succeeds(
    workflow_app: Flask, database: Database, neighbour: Neighbour, workflow: str, verb: str
) -> None:
    if verb == "complete":
        assert ask(workflow_app, workflow, "start") == 200
    forward = neighbour.answer
    both = threading.Barrier(2, timeout=DEADLINE_SECONDS)

    def waits_for_both(method: str, path: str, body: Any) -> Answer:
        if method == "POST":
            both.wait()
        return forward(method, path, body)

    neighbour.answer = waits_for_both
    with ThreadPoolExecutor(2) as pool:
        statuses = [pool.submit(ask, workflow_app, workflow, verb) for _ in range(2)]
        assert sorted(status.result() for status in statuses) == [200, 409]
    assert is_held(database, workflow) if verb == "start" else is_free(database)


@pytest.mark.parametrize("completed", ["before", "meanwhile"])
def test_a_late_duplicate_of_a_start_leaves_the_device_of_a_completed_workflow_free(
    workflow_app: Flask, database: Database, neighbour: Neighbour, workflow: str, completed: str
) -> None:
    forward = neighbour.answer
    first_booking, first_release = threading.Lock(), threading.Lock()
    book, released, answer_release = threading.Event(), threading.Event(), threading.Event()
    if completed == "before":
        answer_release.set()

    def holds_the_first(method: str, path: str, body: Any) -> Answer:
        is_release = path.endswith("/release")
        if not is_release and first_booking.acquire(blocking=False):
            assert book.wait(DEADLINE_SECONDS)
        answer = forward(method, path, body)
        if is_release and first_release.acquire(blocking=False):
            released.set()
            assert answer_release.wait(DEADLINE_SECONDS)
        return answer

    neighbour.answer = holds_the_first
    with ThreadPoolExecutor(2) as pool:
        late: Future[int] = pool.submit(ask, workflow_app, workflow, "start")
        until(lambda: len(neighbour.asked) == 1, "the late start to ask for the device")
        assert ask(workflow_app, workflow, "start") == 200
        completion = pool.submit(ask, workflow_app, workflow, "complete")
        assert released.wait(DEADLINE_SECONDS)
        if completed == "before":
            assert completion.result(DEADLINE_SECONDS) == 200
        book.set()
        assert late.result(DEADLINE_SECONDS) == 409
        answer_release.set()
        assert completion.result(DEADLINE_SECONDS) == 200
    assert is_free(database)


@pytest.mark.parametrize("compensated", [True, False], ids=["by the late start", "by a repeated completion"])
def test_a_late_booking_whose_answer_is_lost_does_not_keep_the_device_of_a_completed_workflow(
    workflow_app: Flask, database: Database, neighbour: Neighbour, workflow: str, compensated: bool
) -> None:
    forward = neighbour.answer
    first_booking, book = threading.Lock(), threading.Event()
    is_lost = threading.Event()

    def loses_the_late_booking(method: str, path: str, body: Any) -> Answer:
        if method == "POST" and not path.endswith("/release") and first_booking.acquire(blocking=False):
            assert book.wait(DEADLINE_SECONDS)
            forward(method, path, body)
            is_lost.set()
            raise ConnectionLost
        if is_lost.is_set() and not compensated:
            raise ConnectionLost
        return forward(method, path, body)

    neighbour.answer = loses_the_late_booking
    with ThreadPoolExecutor(1) as pool:
        late: Future[int] = pool.submit(ask, workflow_app, workflow, "start")
        until(lambda: len(neighbour.asked) == 1, "the late start to ask for the device")
        assert ask(workflow_app, workflow, "start") == 200
        assert ask(workflow_app, workflow, "complete") == 200
        book.set()
        assert late.result(DEADLINE_SECONDS) == 503
    if not compensated:
        assert is_held(database, workflow)
        neighbour.answer = forward
        assert ask(workflow_app, workflow, "complete") == 409
    assert is_free(database)
