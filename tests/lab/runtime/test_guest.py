"""Names in a service's process resolve as in its container."""

import json
import os
import socket
import sys
import threading
from collections.abc import Iterator

import pytest

from lab.runtime.stack import GUEST
from lab.shell import run
from tests.conftest import free_port

CONNECT = """
import json, socket, sys

def connect(host, port):
    try:
        socket.create_connection((host, port), timeout=2).close()
    except OSError as error:
        return type(error).__name__
    return "connected"

print(json.dumps([connect(*target) for target in json.loads(sys.argv[1])]))
"""
LOCALHOST = ("localhost", "127.0.0.1", "127.0.1.1", "0.0.0.0", "2130706433", "127.1")


@pytest.fixture
def port() -> Iterator[int]:
    """A port on this machine that accepts connections."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        thread = threading.Thread(target=_accept, args=(listener,), daemon=True)
        thread.start()
        yield listener.getsockname()[1]


def _accept(listener: socket.socket) -> None:
    while True:
        try:
            listener.accept()[0].close()
        except OSError:
            return


def connect(*targets: tuple[str, int], names: dict[str, int], own: tuple[int, int]) -> list[str]:
    """Return for each host and port whether a service with this network is connected, or else the error."""
    network = json.dumps({"names": names, "own": own})
    environment = {"PYTHONPATH": str(GUEST), "LAB_NETWORK": network, "PATH": os.environ["PATH"]}
    found = run([sys.executable, "-c", CONNECT, json.dumps(targets)], env=environment)
    results: list[str] = json.loads(found.stdout)
    return results


def test_another_service_is_reached_by_its_name_on_its_listed_port_and_not_otherwise(port: int) -> None:
    targets = [("device-service", 5001), ("device-service", 80), ("device-service.invalid", 5001)]
    found = connect(*targets, names={"device-service:5001": port}, own=(5003, free_port()))
    assert found == ["connected", "ConnectionRefusedError", "gaierror"]


def test_localhost_reaches_only_the_service_itself(port: int) -> None:
    outside, inside = ([(host, number) for host in LOCALHOST] for number in (port, 5003))
    names = {"device-service:5001": port}
    assert set(connect(*outside, names=names, own=(5003, free_port()))) == {"ConnectionRefusedError"}
    assert set(connect(*outside, *inside, names={}, own=(5003, port))) == {"connected"}
