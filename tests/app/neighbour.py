"""A stand-in for device-service that gives the answers it is told to, and keeps what it was asked."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

Answer = tuple[int, Any]


def agrees(method: str, path: str, body: Any) -> Answer:
    """Books and releases whatever it is asked to, at any path."""
    if method == "GET":
        return 200, {"id": path.rsplit("/", 1)[1], "workflow_id": None}
    return 200, {"workflow_id": body["workflow_id"]}


@dataclass
class Neighbour:
    answer: Callable[[str, str, Any], Answer] = agrees
    asked: list[tuple[str, str]] = field(default_factory=list)

    def __enter__(self) -> Self:
        neighbour = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                body = json.loads(self.rfile.read(length) or b"null")
                neighbour.asked.append((self.command, self.path))
                status, content = neighbour.answer(self.command, self.path, body)
                raw = content if isinstance(content, bytes) else json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

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
