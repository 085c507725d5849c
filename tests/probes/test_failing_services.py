"""A service that fails in any way gets a verdict with a reason, and no process is left running."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from lab.probing.evidence import Evidence, Verdict
from lab.probing.verdict import measure
from lab.runtime.prepared import Prepared
from tests.measuring import Bench, copy_shipped, numbers, to_measure

FAULTY = """
import json, os, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    def answer(self):
        if self.path == "/health":
            return self.send(200, "application/json", json.dumps({{"status": "healthy"}}))
        {fault}

    do_GET = do_POST = do_PATCH = do_DELETE = answer

    def send(self, status, kind, text):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *args):
        pass


ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
FAULTS = {
    "crashes": "os._exit(3)",
    "closes its socket": "self.connection.close()",
    "answers HTML": 'self.send(200, "text/html", "<h1>It works</h1>")',
    "answers 200 with an error": 'self.send(200, "application/json", json.dumps({"error": "no"}))',
    "answers 200 with nothing": 'self.send(200, "application/json", "{}")',
    "answers lists of nulls": 'self.send(200, "application/json", json.dumps({"logs": [None]}))',
    "answers 500": 'self.send(500, "application/json", json.dumps({"error": "no"}))',
}
NOT_FIXED = {Verdict.PRESENT, Verdict.MASKED, Verdict.BLOCKED}


@pytest.fixture
def bench(full_server: Prepared, tmp_path: Path) -> Bench:
    return Bench(copy_shipped(tmp_path / "workspace"), tmp_path / "runs", full_server)


def measured(bench: Bench, *bugs: int, **timeouts: float) -> dict[int, Evidence]:
    """The evidence, after checking that the shadow and all its processes are gone."""
    with bench.shadow(*bugs, **timeouts) as made:
        found = {
            one.evidence.bug: one.evidence
            for one in measure(made.bench, [to_measure(bug) for bug in bugs], numbers=numbers())
        }
    assert bench.shadows() == []
    assert running_in(bench.runs) == []
    return found


def running_in(folder: Path) -> list[str]:
    found = []
    for process in psutil.process_iter(["cmdline", "cwd"]):
        if str(folder) in str(process.info["cwd"]) or str(folder) in " ".join(process.info["cmdline"] or ()):
            found.append(" ".join(process.info["cmdline"] or ()))
    return found


def break_both(bench: Bench, program: str) -> None:
    for service in ("device_service", "workflow_service"):
        (bench.root / "app" / service / "__main__.py").write_text(program)


@pytest.mark.claim(
    "Whatever a service does instead of its work, every bug has a verdict with a reason", "faults"
)
@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_every_bug_has_a_verdict_when_a_service(fault: str, bench: Bench) -> None:
    break_both(bench, FAULTY.format(fault=FAULTS[fault]))
    found = measured(bench, *numbers().values())
    assert set(found) == {*numbers().values()}
    for evidence in found.values():
        assert evidence.verdict in NOT_FIXED, evidence
        assert evidence.why.endswith(".")


@pytest.mark.slow
def test_the_last_line_of_a_service_that_ends_at_start_is_quoted(bench: Bench) -> None:
    break_both(bench, "raise SystemExit('no licence')\n")
    found = measured(bench, *numbers().values())
    assert {evidence.verdict for evidence in found.values()} <= NOT_FIXED
    assert all("no licence" in evidence.why for evidence in found.values()), found
    assert found[2].blocked_by == found[4].blocked_by == 1


@pytest.mark.slow
def test_a_service_that_never_gets_ready_times_out(bench: Bench) -> None:
    break_both(bench, "import time\ntime.sleep(3600)\n")
    found = measured(bench, *numbers().values(), start_timeout=1.0)
    assert {evidence.verdict for evidence in found.values()} <= NOT_FIXED
    assert all("did not answer GET /health" in evidence.why for evidence in found.values()), found


@pytest.mark.slow
def test_a_service_that_hangs_times_out(bench: Bench) -> None:
    break_both(bench, FAULTY.format(fault="time.sleep(3600)"))
    evidence = measured(bench, 3)[3]
    assert evidence.verdict is Verdict.PRESENT
    assert "no complete response within" in evidence.why
