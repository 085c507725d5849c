"""`test-race-condition.sh`: its count and its exit code, against a device-service that answers as told."""

import itertools
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.app.neighbour import Answer, Neighbour
from tests.conftest import PROJECT, Database
from tests.ports import free_port

DEADLINE = 30.0


class Devices:
    """Two devices, of which the second is available; of the bookings, the first `wins` succeed."""

    def __init__(self, wins: int, status: str = "available") -> None:
        self.booking = itertools.count(1)  # counts rightly whichever thread asks
        self.wins = wins
        self.devices = [
            {"id": "device-01", "name": "Centrifuge", "status": "offline"},
            {"id": "device-02", "name": "Plate reader", "status": status},
        ]
        self.released: set[str] = set()

    def answer(self, method: str, path: str, body: Any) -> Answer:
        if path.endswith("/book"):
            if next(self.booking) > self.wins:
                return 409, {"error": "busy"}
            return 200, {"workflow_id": body["workflow_id"]}
        if path.endswith("/release"):
            self.released.add(body["workflow_id"])
            return 200, {}
        if path == "/health":
            return 200, {}
        if path == "/devices":
            return 200, {"devices": self.devices}
        named = [device for device in self.devices if path == f"/devices/{device['id']}"]
        return (200, named[0]) if named else (404, {"error": "no such device"})


def race(url: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [PROJECT / "test-race-condition.sh", *arguments],
        env={**os.environ, "DEVICE_URL": url},
        capture_output=True,
        text=True,
        timeout=DEADLINE,
    )


def test_without_a_url_it_asks_lab_where_the_service_is(tmp_path: Path) -> None:
    script = Path(shutil.copy(PROJECT / "test-race-condition.sh", tmp_path))
    with Neighbour(Devices(1).answer) as service:
        command = tmp_path / ".venv" / "bin" / "lab"
        command.parent.mkdir(parents=True)
        command.write_text(
            f'#!/bin/sh\n[ "$*" = "-C {tmp_path} url device-service" ] && echo {service.url}\n'
        )
        command.chmod(0o755)
        finished = subprocess.run(
            [script], env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, timeout=DEADLINE
        )
    assert (finished.returncode, finished.stderr) == (0, "")


@pytest.mark.parametrize(("wins", "code"), [(1, 0), (2, 1), (10, 1), (0, 2)])
def test_exit_code_says_whether_one_booking_succeeded(wins: int, code: int) -> None:
    with Neighbour(Devices(wins).answer) as service:
        ended = race(service.url)

    assert ended.returncode == code
    assert f"\n{wins} of 10 bookings succeeded\n" in ended.stdout
    assert ended.stdout.count('"workflow_id"') == wins


def test_the_workflows_that_got_the_device_release_it() -> None:
    devices = Devices(wins=2)
    with Neighbour(devices.answer) as service:
        ended = race(service.url, "-n", "4")

    booked = {line.split('"')[3] for line in ended.stdout.splitlines() if '"workflow_id"' in line}
    assert len(booked) == 2
    assert booked <= devices.released


def test_takes_the_first_device_that_is_available() -> None:
    with Neighbour(Devices(wins=1).answer) as service:
        race(service.url)

    assert ("POST", "/devices/device-02/book") in service.asked
    assert ("POST", "/devices/device-01/book") not in service.asked


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["device-01"], "device device-01 is not available"),
        (["device-99"], "device device-99 is not available"),
        (["no device"], "'no device' cannot be a device's id"),
        (["-n", "1"], "-n takes a number of clients from 2 to 999"),
        (["-n", "ten"], "-n takes a number of clients from 2 to 999"),
        (["-n"], "-n takes a number of clients from 2 to 999"),
        (["--fast"], "--fast is not an option"),
    ],
)
def test_what_cannot_be_tried_is_one_sentence(arguments: list[str], reason: str) -> None:
    with Neighbour(Devices(wins=1).answer) as service:
        ended = race(service.url, *arguments)

    assert ended.returncode == 2
    assert reason in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_no_available_device_is_said() -> None:
    with Neighbour(Devices(wins=1, status="busy").answer) as service:
        ended = race(service.url)

    assert (ended.returncode, ended.stdout) == (2, "")
    assert "no device is available" in ended.stderr


def test_a_service_that_is_down_is_said() -> None:
    ended = race(f"http://127.0.0.1:{free_port()}")

    assert (ended.returncode, ended.stdout) == (2, "")
    assert "device-service does not answer" in ended.stderr


@pytest.fixture
def service(database: Database) -> Iterator[str]:
    """The real device-service, as shipped, in a process of its own."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {"DATABASE_URL": database.url_for("device-service"), "PORT": str(port)}
    with subprocess.Popen(
        [sys.executable, "-m", "app.device_service"],
        cwd=PROJECT,
        env={**os.environ, **environment},
        stderr=subprocess.DEVNULL,
    ) as child:
        try:
            wait_until_healthy(url)
            yield url
        finally:
            child.terminate()


def wait_until_healthy(url: str) -> None:
    deadline = time.monotonic() + DEADLINE
    while True:
        try:
            requests.get(f"{url}/health", timeout=5).raise_for_status()
            return
        except requests.RequestException:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


@pytest.mark.slow
def test_the_shipped_service_books_a_device_twice_and_can_be_tried_again(service: str) -> None:
    for _ in range(2):
        ended = race(service, "device-03")

        assert ended.returncode == 1, ended.stdout + ended.stderr
        assert ended.stdout.count('"device_id":"device-03"') > 1
        assert requests.get(f"{service}/devices/device-03", timeout=5).json()["status"] == "available"
