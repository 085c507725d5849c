"""Every request returns a reply within its timeout, and the reply says what happened."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from lab.probing.client import request
from tests.conftest import free_port

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@contextmanager
def server(talk: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that reads one request and then calls `talk`."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        peer, _ = listener.accept()
        with peer:
            peer.recv(65536)
            talk(peer)
            # Closing a socket with unread data would discard the data that was sent.
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


def test_a_complete_response_has_status_and_json() -> None:
    with server(lambda peer: peer.sendall(OK + b'Content-Length: 11\r\n\r\n{"a": [1]} ')) as url:
        reply = request(url, "/x", query={"q": "ä"})
    assert (reply.status, reply.json, reply.request) == (200, {"a": [1]}, "GET /x?q=%C3%A4")


def test_a_header_that_is_repeated_has_all_values() -> None:
    text = OK + b"Link: <a>\r\nContent-Length: 2\r\nLINK: <b>\r\n\r\n{}"
    with server(lambda peer: peer.sendall(text)) as url:
        assert request(url, "/x").headers["link"] == "<a>, <b>"


def test_a_refused_connection_is_a_reply() -> None:
    reply = request(f"http://127.0.0.1:{free_port()}", "/x")
    assert (reply.status, reply.problem) == (None, "the connection was refused")


@pytest.mark.parametrize("path", ["/ü", "/a b", "/\x01", "/\ud800", "/\r\nX: y"])
def test_any_path_can_be_requested(path: str) -> None:
    reply = request(f"http://127.0.0.1:{free_port()}", path, query={"\ud800": "\ud800"})
    assert reply.problem == "the connection was refused"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        OK + b"Content-Length: 100\r\n\r\n{",
        OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab",
    ],
    ids=["at once", "in the body", "in a chunk"],
)
def test_a_connection_that_is_closed_early_is_no_response(data: bytes) -> None:
    with server(lambda peer: peer.sendall(data)) as url:
        reply = request(url, "/x")
    assert reply.status is None
    assert "closed before" in reply.problem


def test_data_that_is_not_http_is_no_response() -> None:
    with server(lambda peer: peer.sendall(b"220 mail.example ready\r\n")) as url:
        assert request(url, "/x").status is None


def test_html_is_a_response_without_json() -> None:
    with server(
        lambda peer: peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>Hello")
    ) as url:
        reply = request(url, "/x")
    assert reply.ok
    assert reply.json is None
    assert "text/html, not JSON" in str(reply)


def test_a_service_that_sends_nothing_times_out() -> None:
    done = threading.Event()
    started = time.monotonic()
    with server(lambda peer: bool(done.wait(10))) as url:
        reply = request(url, "/x", timeout=0.3)
        took = time.monotonic() - started
        done.set()
    assert reply.status is None
    assert "within 0.3 s" in reply.problem
    assert took < 5


@pytest.mark.parametrize("first", [OK, OK + b"Content-Length: 100000\r\n\r\n"], ids=["header", "body"])
def test_a_service_that_sends_single_bytes_times_out(first: bytes) -> None:
    done = threading.Event()

    def trickle(peer: socket.socket) -> None:
        peer.sendall(first)
        with suppress(OSError):
            for _ in range(1_000):
                peer.sendall(b"x")
                if done.wait(0.02):
                    break

    with server(trickle) as url:
        reply = request(url, "/x", timeout=0.5)
        done.set()
    assert reply.status is None
    assert "within 0.5 s" in reply.problem


def test_receive_can_end_a_long_response() -> None:
    def endless(peer: socket.socket) -> None:
        peer.sendall(OK + b"\r\n")
        try:
            while True:
                peer.sendall(b"x" * 65536)
        except OSError:
            return

    seen = 0

    def receive(chunk: bytes) -> bool:
        nonlocal seen
        seen += len(chunk)
        return seen < 1_000_000

    with server(endless) as url:
        assert request(url, "/x", receive=receive).status == 200
    assert 1_000_000 <= seen < 2_000_000


def test_the_error_of_a_refusal_is_quoted() -> None:
    data = b'HTTP/1.1 409 Conflict\r\nContent-Type: application/json\r\n\r\n{"error": "Device is busy."}'
    with server(lambda peer: peer.sendall(data)) as url:
        reply = request(url, "/devices/1/book", method="POST", body={})
    assert reply.refused
    assert str(reply) == "POST /devices/1/book answered 409: Device is busy"
