"""A stand-in for device-service: it gives the answers that a test defines, and records the requests."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from flask import Flask

Answer = tuple[int, Any]


class ConnectionLost(Exception):
    """Raised by an answer to close the connection without answering."""


def agrees(method: str, path: str, body: Any) -> Answer:
    """Book or release any device, at any path."""
    if method == "GET":
        return 200, {"id": path.rsplit("/", 1)[1], "workflow_id": None}
    return 200, {"workflow_id": body["workflow_id"]}


def passes_on(device_service: Flask) -> Callable[[str, str, Any], Answer]:
    """Pass each request on to device-service. A booking goes to the right path, which bug 2 misses."""

    def answer(method: str, path: str, body: Any) -> Answer:
        path = path.replace("/device/", "/devices/").replace("/reserve", "/book")
        answered = device_service.test_client().open(path, method=method, json=body)
        return answered.status_code, answered.json

    return answer


@dataclass
class Neighbour:
    """An HTTP server that runs in the block. It calls `answer(method, path, body)` for each request."""

    answer: Callable[[str, str, Any], Answer] = agrees
    asked: list[tuple[str, str]] = field(default_factory=list)

    def __enter__(self) -> Self:
        neighbour = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                body = json.loads(self.rfile.read(length) or b"null")
                neighbour.asked.append((self.command, self.path))
                try:
                    status, content = neighbour.answer(self.command, self.path, body)
                except ConnectionLost:
                    self.close_connection = True
                    return
                raw = content if isinstance(content, bytes) else json.dumps(content).encode()
                try:
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(raw)))
                    self.end_headers()
                    self.wfile.write(raw)
                except ConnectionError:
                    pass  # the client gave up before the answer

            do_GET = do_POST  # noqa: N815 - the name that http.server looks for

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"
