import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

import pytest
import requests

from app.common.serve import FIRST_REQUEST_TIMEOUT
from lab.database import connect
from tests.app.waiting import DEADLINE_SECONDS, until, until_blocked
from tests.conftest import PROJECT, Database, free_port


@contextmanager
def service(database: Database) -> Iterator[tuple[subprocess.Popen[str], str]]:
    port = free_port()
    environment = os.environ | {"DATABASE_URL": database.url_for("device_service"), "PORT": str(port)}
    process = subprocess.Popen(
        [sys.executable, "-m", "app.device_service"],
        cwd=PROJECT,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        until(lambda: process.poll() is not None or answers(port), "the service to start")
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.communicate()


def answers(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/health", timeout=1).ok
    except requests.RequestException:
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_request_in_flight_is_answered_before_a_stop(database: Database, number: signal.Signals) -> None:
    connection = connect(database.url)
    statuses: list[int] = []
    with service(database) as (process, url):
        with connection.cursor() as cursor:
            cursor.execute("BEGIN; LOCK TABLE devices IN ACCESS EXCLUSIVE MODE")
            client = threading.Thread(
                target=lambda: statuses.append(
                    requests.get(f"{url}/devices", timeout=DEADLINE_SECONDS).status_code
                )
            )
            client.start()
            until_blocked(database, sessions=1)
            process.send_signal(number)
            cursor.execute("ROLLBACK")
        client.join()
        _, log = process.communicate(timeout=DEADLINE_SECONDS)
    connection.close()
    assert statuses == [200]
    assert process.returncode == 0
    assert "GET /devices 200" in log
    assert log.rstrip().endswith("device-service has stopped")


def test_a_far_too_large_body_is_refused_before_it_is_received(database: Database) -> None:
    with service(database) as (_, url):
        address = urlsplit(url)
        with closing(
            HTTPConnection(address.hostname or "", address.port, timeout=DEADLINE_SECONDS)
        ) as client:
            client.putrequest("POST", "/devices/device-01/book")
            client.putheader("Content-Type", "application/json")
            client.putheader("Content-Length", str(2**30 - 1))
            client.endheaders()
            assert client.getresponse().status == 413


def test_workflow_service_does_not_start_without_the_url_of_device_service(database: Database) -> None:
    environment = os.environ | {"DATABASE_URL": database.url_for("workflow_service")}
    environment.pop("DEVICE_SERVICE_URL", None)
    ended = subprocess.run(
        [sys.executable, "-m", "app.workflow_service"],
        cwd=PROJECT,
        env=environment | {"PORT": str(free_port())},
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.rstrip().endswith("KeyError: 'DEVICE_SERVICE_URL'")


def test_connections_without_a_request_do_not_keep_others_out(database: Database) -> None:
    with service(database) as (_, url), contextlib.ExitStack() as opened:
        address = urlsplit(url)
        for _ in range(200):
            opened.enter_context(socket.create_connection((address.hostname, address.port), DEADLINE_SECONDS))
        assert requests.get(f"{url}/health", timeout=5).status_code == 200


def test_a_connection_that_comes_during_the_stop_is_refused(database: Database) -> None:
    connection = connect(database.url)
    with service(database) as (process, url):
        with connection.cursor() as cursor:
            cursor.execute("BEGIN; LOCK TABLE devices IN ACCESS EXCLUSIVE MODE")
            client = threading.Thread(target=requests.get, args=[f"{url}/devices"], kwargs={"timeout": 30})
            client.start()
            until_blocked(database, sessions=1)
            process.send_signal(signal.SIGTERM)
            until(lambda: not answers(urlsplit(url).port or 0), "the stop to begin")
            with pytest.raises(requests.ConnectionError, match="Connection refused"):
                requests.get(f"{url}/health", timeout=5)
            cursor.execute("ROLLBACK")
        client.join()
    connection.close()


LITTLE_SERVICE = """
from flask import Flask
from app.common.serve import serve

app = Flask("little")
app.config["SERVICE"] = "little-service"
serve(lambda: app, 0)
"""


STALLING_SERVICE = f"""
from app.common import serve as module

module.FIRST_REQUEST_TIMEOUT = 1e-9
wait = module._wait

def wait_and_stall(server, timeout):
    wait(server, timeout)
    if timeout < 1:  # it stops
        print(flush=True)
        input()

module._wait = wait_and_stall
{LITTLE_SERVICE}"""


def test_what_a_client_sent_in_time_is_answered_though_the_stopping_service_stalls() -> None:
    port = free_port()
    command = [sys.executable, "-c", STALLING_SERVICE]
    with subprocess.Popen(
        command,
        cwd=PROJECT,
        env=os.environ | {"PORT": str(port)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            next(line for line in process.stderr if "listens on" in line)
            with socket.create_connection(("127.0.0.1", port), DEADLINE_SECONDS) as client:
                process.send_signal(signal.SIGTERM)
                process.stdout.readline()
                client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                process.stdin.write("\n" * 100)
                process.stdin.flush()
                assert client.recv(1024).startswith(b"HTTP/1.1 404 ")
        finally:
            process.kill()


@pytest.mark.slow
def test_a_stop_resets_no_connection_however_many_clients_come() -> None:
    port, outcomes, ended = free_port(), Counter[str](), threading.Event()
    clients = [threading.Thread(target=ask_always, args=(port, outcomes, ended)) for _ in range(8)]
    for client in clients:
        client.start()
    try:
        for _ in range(20):
            stop_while_busy(port, outcomes)
    finally:
        ended.set()
        for client in clients:
            client.join()
    assert set(outcomes) == {"404", "ConnectionRefusedError"}


def stop_while_busy(port: int, outcomes: Counter[str]) -> None:
    environment = os.environ | {"PORT": str(port)}
    command = [sys.executable, "-c", LITTLE_SERVICE]
    with subprocess.Popen(command, cwd=PROJECT, env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            before = outcomes["404"]
            until(lambda: outcomes["404"] > before + 100, "the clients to be busy")
            process.send_signal(signal.SIGTERM)
            assert process.wait(DEADLINE_SECONDS) == 0
        finally:
            process.kill()


def ask_always(port: int, outcomes: Counter[str], ended: threading.Event) -> None:
    while not ended.is_set():
        with closing(HTTPConnection("127.0.0.1", port, DEADLINE_SECONDS)) as client:
            connected = time.monotonic()
            sent = connected
            try:
                client.request("GET", "/")
                sent = time.monotonic()
                outcome = str(client.getresponse().status)
            except (OSError, HTTPException) as error:
                outcome = type(error).__name__
        if sent - connected < FIRST_REQUEST_TIMEOUT:  # one that comes later may be reset
            outcomes[outcome] += 1
        if outcome != "404":
            ended.wait(0.005)
