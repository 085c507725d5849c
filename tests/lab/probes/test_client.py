"""Whatever a service does, asking it gives a reply that says what happened, in time."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from lab.probes.client import request, stream
from tests.conftest import free_port

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@contextmanager
def server(talk: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that reads one request and then does as it is told."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        peer, _ = listener.accept()
        with peer:
            peer.recv(65536)
            talk(peer)
            # To close with something unread would take back what was sent.
            with suppress(OSError):
                peer.shutdown(socket.SHUT_WR)
                peer.settimeout(5)
                while peer.recv(65536):
                    pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        thread.join(5)
        listener.close()


def test_a_whole_answer_is_taken_with_its_status_and_json() -> None:
    with server(lambda peer: peer.sendall(OK + b'Content-Length: 11\r\n\r\n{"a": [1]} ')) as url:
        reply = request(url, "/x", query={"q": "ä"})
    assert (reply.status, reply.json, reply.request) == (200, {"a": [1]}, "GET /x?q=%C3%A4")


def test_nobody_listening_is_a_reply() -> None:
    reply = request(f"http://127.0.0.1:{free_port()}", "/x")
    assert (reply.status, reply.problem) == (None, "nothing listens there")


@pytest.mark.parametrize(
    "said",
    [
        b"",
        OK + b"Content-Length: 100\r\n\r\n{",
        OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab",
    ],
    ids=["at once", "in the body", "in a chunk"],
)
def test_a_connection_that_is_closed_early_is_no_answer(said: bytes) -> None:
    with server(lambda peer: peer.sendall(said)) as url:
        reply = request(url, "/x")
    assert reply.status is None
    assert "closed before" in reply.problem


def test_something_that_is_not_http_is_no_answer() -> None:
    with server(lambda peer: peer.sendall(b"220 mail.example ready\r\n")) as url:
        assert request(url, "/x").status is None


def test_html_is_an_answer_that_is_not_json() -> None:
    with server(
        lambda peer: peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>Hello")
    ) as url:
        reply = request(url, "/x")
    assert reply.ok
    assert reply.json is None
    assert "text/html, not JSON" in str(reply)


def test_silence_ends_at_the_deadline() -> None:
    done = threading.Event()
    started = time.monotonic()
    with server(lambda peer: bool(done.wait(10))) as url:
        reply = request(url, "/x", timeout=0.3)
        took = time.monotonic() - started
        done.set()
    assert reply.status is None
    assert "within 0.3 s" in reply.problem
    assert took < 5


def test_a_trickle_ends_at_the_deadline_too() -> None:
    done = threading.Event()

    def trickle(peer: socket.socket) -> None:
        peer.sendall(OK + b"Content-Length: 100000\r\n\r\n")
        while not done.wait(0.02):
            try:
                peer.sendall(b"x")
            except OSError:
                return

    with server(trickle) as url:
        reply = request(url, "/x", timeout=0.5)
        done.set()
    assert reply.status is None
    assert "within 0.5 s" in reply.problem


def test_a_long_answer_can_be_left_in_the_middle() -> None:
    def endless(peer: socket.socket) -> None:
        peer.sendall(OK + b"\r\n")
        try:
            while True:
                peer.sendall(b"x" * 65536)
        except OSError:
            return

    seen = 0

    def take(piece: bytes) -> bool:
        nonlocal seen
        seen += len(piece)
        return seen < 1_000_000

    with server(endless) as url:
        assert stream(url, "/x", take).status == 200
    assert 1_000_000 <= seen < 2_000_000


def test_the_error_of_a_refusal_is_quoted() -> None:
    said = b'HTTP/1.1 409 Conflict\r\nContent-Type: application/json\r\n\r\n{"error": "Device is busy."}'
    with server(lambda peer: peer.sendall(said)) as url:
        reply = request(url, "/devices/1/book", method="POST", body={})
    assert reply.refused
    assert str(reply) == "POST /devices/1/book answered 409: Device is busy."
