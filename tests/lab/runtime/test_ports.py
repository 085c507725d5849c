"""A port that is held is the server's that it is held for, and is assigned to no other process."""

import errno
import os
import socket
import sys
from collections.abc import Iterator

import pytest

from lab.runtime.ports import ReservedPorts
from lab.runtime.process import require_free_port

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="ports are held on Linux only")


@pytest.fixture
def ports() -> Iterator[ReservedPorts]:
    held = ReservedPorts()
    yield held
    held.release()


def listener(port: int, *, shared: bool = True) -> socket.socket:
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, shared)
    try:
        made.bind(("127.0.0.1", port))
        made.listen()
    except OSError:
        made.close()
        raise
    return made


def test_a_server_listens_on_a_held_port_again_and_again(ports: ReservedPorts) -> None:
    one, other = ports.take(2)
    assert one != other
    for _ in range(3):
        require_free_port("a service", one)
        with listener(one) as server, socket.create_connection(("127.0.0.1", one)):
            accepted, _ = server.accept()
            accepted.close()


def test_a_held_port_is_never_assigned_to_what_asks_for_any(ports: ReservedPorts) -> None:
    held = set(ports.take(500))  # of the 28,000 that Linux gives: 600 others would hardly all miss them
    given = [listener(0) for _ in range(300)]
    try:
        assert held.isdisjoint(one.getsockname()[1] for one in given)
        with listener(0) as server:
            for _ in range(300):
                with socket.create_connection(server.getsockname()) as client:
                    assert client.getsockname()[1] not in held
                    server.accept()[0].close()
    finally:
        for one in given:
            one.close()


def test_a_port_that_is_released_can_be_had_alone(ports: ReservedPorts) -> None:
    (port,) = ports.take(1)
    with pytest.raises(OSError, match=os.strerror(errno.EADDRINUSE)):
        listener(port, shared=False)
    assert ports.release(port)
    assert not ports.release(port)
    listener(port, shared=False).close()
