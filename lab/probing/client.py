"""Send HTTP requests to a service. Every outcome is a Reply, even a closed socket or a timeout.

Each request has one deadline for its complete response, so a service that sends a byte of it now and then
cannot block a probe.
"""

import json
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

TIMEOUT = 15.0
"""Seconds."""

MAX_BODY = 64 * 2**20
"""Bytes of a body after which no more of it is read."""

HEADERS = {"User-Agent": "curl/8.5.0", "Accept": "*/*"}
CHUNK = 2**16
IN_PATH = "/?%:@!$&'()*+,;=~-._"
"""Characters that a path keeps, with or without a query."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The outcome of one request, which took `seconds`. The names of `headers` are in lower case.

    If the response did not arrive completely, `status` is None and `problem` says why. A response that the
    probe itself stopped reading has its status.
    """

    request: str
    status: int | None
    seconds: float
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""

    @property
    def ok(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def refused(self) -> bool:
        return self.status is not None and 400 <= self.status < 500

    @property
    def failed(self) -> bool:
        """Whether there was no complete response, or a server error (5xx)."""
        return self.status is None or self.status >= 500

    @property
    def json(self) -> Any:
        """The body, parsed as JSON; None if it is not JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def objects(self, name: str) -> list[dict[str, Any]] | None:
        """The body if it is a list, or its member `name`; None if that is not a list of JSON objects."""
        document = self.json
        return objects(document.get(name) if isinstance(document, dict) else document)

    def __str__(self) -> str:
        """The request, its outcome and the body's `error`, as a clause for `Evidence.why`."""
        if self.status is None:
            return f"{self.request}: {self.problem}"
        document = self.json
        form = ""
        if document is None and self.body:
            kind = self.headers.get("content-type", "").partition(";")[0]
            form = f" with {kind or 'no content type'}, not JSON"
        error = document.get("error") if isinstance(document, dict) else None
        quoted = f": {error[:160].rstrip('.')}" if isinstance(error, str) else ""
        return f"{self.request} answered {self.status}{form}{quoted}"


class _Socket(socket.socket):
    """The socket of a connection. Nothing is received after `until`, and no wait for data exceeds `pause`."""

    until: float
    pause: float

    def recv_into(self, *args: Any) -> int:  # what a response reads its header and its body with
        remaining = self.until - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        self.settimeout(min(remaining, self.pause))
        return super().recv_into(*args)


def _connect(connection: HTTPConnection, until: float, pause: float) -> None:
    connection.connect()
    connection.sock = receiver = _Socket(fileno=connection.sock.detach())
    receiver.until, receiver.pause = until, pause
    receiver.settimeout(pause)


def _send(
    connection: HTTPConnection, method: str, target: str, payload: bytes | None, content_type: str
) -> None:
    """Send the request with the headers of HEADERS only: a service cannot tell it from a person's."""
    connection.putrequest(method, target, skip_accept_encoding=True)
    for name, value in HEADERS.items():
        connection.putheader(name, value)
    if payload is not None:
        connection.putheader("Content-Type", content_type)
        connection.putheader("Content-Length", str(len(payload)))
    connection.endheaders(payload)


def objects(value: Any) -> list[dict[str, Any]] | None:
    """The value, if it is a list, even an empty one, with only JSON objects in it; else None."""
    return value if isinstance(value, list) and all(isinstance(one, dict) for one in value) else None


def request(
    url: str,
    path: str,
    *,
    method: str = "GET",
    body: Any = None,
    raw: bytes | None = None,
    content_type: str = "application/json",
    query: Mapping[str, Any] | Sequence[tuple[str, str]] | None = None,
    timeout: float = TIMEOUT,
    read_timeout: float | None = None,
    receive: Callable[[bytes], bool] | None = None,
) -> Reply:
    """Send one request, with `body` as JSON or `raw` as its body, and return its reply.

    No wait for data may last longer than `read_timeout` seconds (default: `timeout`), and no more data is
    accepted `timeout` seconds after the start. The body is read up to MAX_BODY bytes. With `receive`, the
    reply has no body: the chunks are passed to this function until it returns False.
    """
    received = bytearray()

    def keep(chunk: bytes) -> bool:
        received.extend(chunk)
        return len(received) < MAX_BODY

    receive = receive or keep
    path = quote(path, safe=IN_PATH, errors="replace")  # a part of it may come from a response
    target = f"{path}?{urlencode(query, errors='replace')}" if query else path
    parts = urlsplit(url)
    started = time.monotonic()
    status: int | None = None
    headers: dict[str, str] = {}
    pause = min(timeout, read_timeout or timeout)
    connection = HTTPConnection(parts.hostname or "127.0.0.1", parts.port, timeout=pause)
    try:
        payload = raw if body is None else json.dumps(body).encode()
        _connect(connection, started + timeout, pause)
        _send(connection, method, target, payload, content_type)
        response = connection.getresponse()
        for name, value in response.getheaders():  # one that is repeated has the values of all
            headers[name.lower()] = ", ".join(filter(None, (headers.get(name.lower()), value)))
        while chunk := response.read1(CHUNK):
            if not receive(chunk):
                break
        else:
            if response.length:
                raise ConnectionError
        status, problem = response.status, ""
    except TimeoutError:
        waited = pause if time.monotonic() - started < timeout else timeout
        problem = f"no complete response within {waited:g} s"
    except ConnectionRefusedError:
        problem = "the connection was refused"
    except (ConnectionError, HTTPException):
        problem = "the connection was closed before the response was complete"
    except OSError as error:
        problem = f"no response ({error})"
    finally:
        connection.close()
    return Reply(f"{method} {target}", status, time.monotonic() - started, bytes(received), headers, problem)
