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
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=2).close()
    print("connected")
except OSError as error:
    print(type(error).__name__)
"""


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


def connect(host: str, target: int, *, names: dict[str, int], own: tuple[int, int]) -> str:
    network = json.dumps({"names": names, "own": own})
    environment = {"PYTHONPATH": str(GUEST), "LAB_NETWORK": network, "PATH": os.environ["PATH"]}
    return run([sys.executable, "-c", CONNECT, host, str(target)], env=environment).stdout.decode().strip()


def test_another_service_is_reached_by_its_name(port: int) -> None:
    names = {"device-service:5001": port}
    assert connect("device-service", 5001, names=names, own=(5003, free_port())) == "connected"


def test_another_service_is_not_reached_on_an_unlisted_port(port: int) -> None:
    names = {"device-service:5001": port}
    assert connect("device-service", 80, names=names, own=(5003, free_port())) == "ConnectionRefusedError"


def test_an_unknown_name_does_not_resolve(port: int) -> None:
    names = {"device-service:5001": port}
    assert connect("device-service.invalid", 5001, names=names, own=(5003, free_port())) == "gaierror"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.0.1.1", "0.0.0.0", "2130706433", "127.1"])
def test_localhost_reaches_only_the_service_itself(port: int, host: str) -> None:
    assert (
        connect(host, port, names={"device-service:5001": port}, own=(5003, free_port()))
        == "ConnectionRefusedError"
    )
    assert connect(host, 5003, names={}, own=(5003, port)) == "connected"
    assert connect(host, port, names={}, own=(5003, port)) == "connected"
