"""A service that does not start is described, with its reason, to the probes."""

import pytest

from tests.measuring import Bench


@pytest.mark.slow
def test_a_service_that_does_not_get_ready_has_a_problem(bench: Bench) -> None:
    bench.edit(
        "compose/docker-compose.yml",
        "postgresql+psycopg2://device_service:device_service@db:5432/lab",
        "postgresql+psycopg2://other_role:secret@db.example/lab",
    )
    with bench.shadow(6, start_timeout=1.0) as made:
        service = made.bench.launch("device-service", "unreachable", environment={})
        assert service.problem == "did not answer GET /health with 200 within 1 s"
        assert service.role == "other_role"
        assert service.health().alive


ALONE = """
import os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

if "NO_LICENCE" in os.environ:
    sys.exit("no licence")

class Server(HTTPServer):
    allow_reuse_address = False

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

Server((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()
"""


def test_a_server_that_shares_its_port_with_nobody_starts_and_one_that_ends_is_described(
    bench: Bench,
) -> None:
    (bench.root / "app" / "device_service" / "__main__.py").write_text(ALONE)
    with bench.shadow(3) as made:
        services = made.bench.replicas("device-service")
        assert [(one.problem, one.health().alive) for one in services] == [("", True)] * len(services)
        ending = made.bench.launch("device-service", "ending", environment={"NO_LICENCE": "1"})
        assert "no licence" in ending.problem
        assert ending.health().exit_code == 1
