"""Ask a service something and take whatever comes back for an answer: HTML, a closed socket, silence.

Every request has a deadline for the whole of it, so that a service that trickles cannot hold a probe up.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlencode, urlsplit

TIMEOUT = 15.0
MOST = 64 * 2**20
"""Bytes of an answer that are kept; a larger one is read by `stream`, piece by piece."""

PIECE = 2**16


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer. `status` is None when none came; `problem` then says what happened instead."""

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
    def json(self) -> Any:
        """The body as JSON; None when it is anything else."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def __str__(self) -> str:
        """The request and what came of it, fit for a line of evidence."""
        if self.status is None:
            return f"{self.request}: {self.problem}"
        kind = self.headers.get("content-type", "").partition(";")[0]
        form = (
            "" if self.json is not None or not self.body else f" with {kind or 'no content type'}, not JSON"
        )
        document = self.json
        said = document.get("error") if isinstance(document, dict) else None
        quoted = f": {said[:160]}" if isinstance(said, str) else ""
        return f"{self.request} answered {self.status}{form}{quoted}"


def request(
    url: str,
    path: str,
    *,
    method: str = "GET",
    body: Any = None,
    query: Mapping[str, Any] | None = None,
    timeout: float = TIMEOUT,
) -> Reply:
    """Send one request and read the whole answer; never raises for what the service does."""
    kept = bytearray()

    def keep(piece: bytes) -> bool:
        kept.extend(piece)
        return len(kept) < MOST

    reply = stream(url, path, keep, method=method, body=body, query=query, timeout=timeout)
    return Reply(reply.request, reply.status, reply.seconds, bytes(kept), reply.headers, reply.problem)


def stream(
    url: str,
    path: str,
    take: Callable[[bytes], bool],
    *,
    method: str = "GET",
    body: Any = None,
    query: Mapping[str, Any] | None = None,
    timeout: float = TIMEOUT,
    silence: float | None = None,
) -> Reply:
    """Send one request and hand the answer to `take`, piece by piece, until it says False or all is read.

    An answer has to be whole within `timeout` seconds, and may not pause for longer than `silence`.
    """
    target = f"{path}?{urlencode(query)}" if query else path
    request = f"{method} {target}"
    parts = urlsplit(url)
    started = time.monotonic()
    status: int | None = None
    headers: dict[str, str] = {}
    pause = min(timeout, silence or timeout)
    connection = HTTPConnection(parts.hostname or "127.0.0.1", parts.port, timeout=pause)
    try:
        payload = None if body is None else json.dumps(body).encode()
        connection.request(method, target, payload, {"Content-Type": "application/json"} if payload else {})
        sock = connection.sock
        response = connection.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        code = response.status
        while piece := response.read1(PIECE):
            remaining = started + timeout - time.monotonic()
            if remaining <= 0:
                raise TimeoutError
            if sock is not None and sock.fileno() >= 0:
                sock.settimeout(min(remaining, pause))
            if not take(piece):
                break
        else:
            if response.length:
                raise ConnectionError
        status = code
        problem = ""
    except TimeoutError:
        waited = pause if time.monotonic() - started < timeout else timeout
        problem = f"no whole answer within {waited:g} s"
    except (OSError, HTTPException) as error:
        problem = _reason(error)
    finally:
        connection.close()
    return Reply(request, status, time.monotonic() - started, b"", headers, problem)


def _reason(error: Exception) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens there"
    if isinstance(error, ConnectionError | HTTPException):
        return "the connection was closed before the answer was whole"
    return f"no answer ({error})"
