import threading
from collections.abc import Callable

import pytest
from flask import Flask

from lab.database import connect
from tests.app.rows import rows
from tests.app.waiting import until_blocked
from tests.conftest import Database

BOOKED = "UPDATE devices SET status = 'busy', workflow_id = 'w' WHERE id = 'device-01' RETURNING id"
BOOKING = "INSERT INTO bookings (device_id, workflow_id) VALUES ('device-01', 'w') RETURNING id"


def release(application: Flask) -> int:
    client = application.test_client()
    return client.post("/devices/device-01/release", json={"workflow_id": "w"}).status_code


def take_offline(application: Flask) -> int:
    return application.test_client().patch("/devices/device-01", json={"status": "offline"}).status_code


@pytest.mark.parametrize(
    ("requests", "statuses"),
    [((release, release), [200, 409]), ((release, release, release), [200, 409, 409])],
)
def test_of_several_releases_at_once_one_succeeds(
    device_app: Flask, database: Database, requests: tuple[Callable[[Flask], int], ...], statuses: list[int]
) -> None:
    rows(database, BOOKED)
    rows(database, BOOKING)
    assert sorted(at_once(device_app, database, requests)) == statuses
    assert rows(database, "SELECT id FROM bookings WHERE released_at IS NULL") == []


def test_a_device_that_is_booked_meanwhile_is_not_taken_offline(
    device_app: Flask, database: Database
) -> None:
    assert at_once(device_app, database, (take_offline,), meanwhile=BOOKED) == [409]
    assert rows(database, "SELECT status FROM devices WHERE id = 'device-01'") == [("busy",)]


def at_once(
    application: Flask,
    database: Database,
    requests: tuple[Callable[[Flask], int], ...],
    meanwhile: str = "SELECT 1",
) -> list[int]:
    """Return the statuses of requests that all wait for the device's row while `meanwhile` runs."""
    statuses: list[int] = []
    threads = [threading.Thread(target=lambda ask=ask: statuses.append(ask(application))) for ask in requests]
    connection = connect(database.url)
    with connection.cursor() as cursor:
        cursor.execute("BEGIN; SELECT id FROM devices WHERE id = 'device-01' FOR UPDATE")
        for thread in threads:
            thread.start()
        until_blocked(database, sessions=len(threads))
        cursor.execute(meanwhile)
        cursor.execute("COMMIT")
    for thread in threads:
        thread.join()
    connection.close()
    return statuses
