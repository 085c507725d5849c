"""lab runs a system that it has never seen: its whole round on the tickets of tests/projects."""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.shell import run
from tests.conftest import PROJECT

TICKETS = PROJECT / "tests" / "projects" / "tickets"


class Tickets:
    """A copy of the system, which is its own library, and the command `lab` for it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def lab(self, *words: str, code: int = 0) -> str:
        argv = [sys.executable, "-m", "lab", "-C", str(self.root), "--library", str(self.root), *words]
        finished = run(argv, timeout=240)
        assert finished.code == code, finished.stdout.decode() + finished.stderr.decode()
        return finished.stdout.decode()

    def verdicts(self, code: int) -> dict[int, str]:
        report: dict[str, Any] = json.loads(self.lab("check", "--json", code=code))
        return {one["bug"]: one["verdict"] for one in report["evidence"]}

    def code(self) -> dict[str, bytes]:
        files = (path for path in sorted((self.root / "app").rglob("*.py")))
        return {str(path): path.read_bytes() for path in files}


@pytest.fixture
def tickets(tmp_path: Path, port_offset: int) -> Iterator[Tickets]:
    root = tmp_path / "tickets"
    shutil.copytree(TICKETS, root, ignore=shutil.ignore_patterns("__pycache__", ".lab"))
    found = Tickets(root)
    try:
        found.lab("up", "--rows", "300", "--port-offset", str(port_offset + 350))
        yield found
    finally:
        found.lab("down", "--destroy")


@pytest.mark.slow
def test_another_system_is_measured_fixed_demonstrated_proved_and_reset(tickets: Tickets) -> None:
    before = tickets.code()
    assert "300 rows in tickets" in tickets.lab("status")
    assert tickets.verdicts(code=1) == {1: "present", 2: "present"}
    assert "fixed" in tickets.lab("demo", "1")
    tickets.lab("fix", "apply", "all")
    assert tickets.verdicts(code=0) == {1: "fixed", 2: "fixed"}
    tickets.lab("fix", "revert", "all")
    assert tickets.code() == before
    assert "Proved" in tickets.lab("fix", "verify", "2")
    tickets.lab("reset")
    assert "300 rows in tickets" in tickets.lab("status")
