"""A bench on which every service is healthy and refuses every request with 404.

A bug that is present there for the same reason as on the shipped lab was not seen: any failure looks like it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from lab.probing.bench import Bench, Health, Service

POLL = 0.01
"""Seconds until the stand-in sees that it is to stop."""


class _Refusal(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        healthy = self.path == "/health"
        body = b'{"status": "healthy"}' if healthy else b'{"error": "not found"}'
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(200 if healthy else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the names that the base class looks for

    def log_message(self, *_: object) -> None:
        """Write no log."""


@contextmanager
def refusing(bench: Bench) -> Iterator[Bench]:
    """Give the block a bench with the same database and names, whose services refuse every request."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Refusal) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": POLL}, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"

        def stand_in(service: Service) -> Service:
            running, ended = Health(alive=True), Health(alive=False, exit_code=0)
            return replace(service, url=url, health=lambda: running, stop=lambda: ended, wait=str)

        def launch(service: str, purpose: str, **_: object) -> Service:
            return replace(stand_in(bench.services[service][0]), name=f"{service}-{purpose}")

        services = {name: tuple(map(stand_in, instances)) for name, instances in bench.services.items()}
        try:
            yield replace(bench, services=services, launch=launch, launched={}, raw={})
        finally:
            server.shutdown()
