"""Fixes 3, 5 and 7, killed at every boundary and at random moments, end wholly applied or wholly absent.

`make test-slow` kills a few times, `make prove` hundreds.
"""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab.database import connect
from lab.engine import journal
from lab.engine.fingerprint import schema_fingerprint
from lab.engine.transaction import Options
from lab.operations import fixes
from lab.operations.fix_status import fix_status
from lab.workspace import Workspace
from seed import fill
from tests.conftest import PROJECT, Server
from tests.fixes.walk import code
from tests.fixes.workspaces import copy_project
from tests.killing import Killer, killer

NUMBERS = (3, 5, 7)
KILLED = -signal.SIGKILL
MOMENTS = 20
"""Kills of one test, spread over the time that the change takes."""

BATCHES = 10
DEPTHS = [
    pytest.param(batch, marks=pytest.mark.prove if batch else pytest.mark.slow) for batch in range(BATCHES)
]
END = "ends wholly applied or wholly absent, and nothing of a candidate's is lost"
ROWS = 60_000
Record = Callable[[str, object], None]


@dataclass(frozen=True)
class Target:
    """One workspace whose fixes are killed again and again; it must always come back to how it was."""

    workspace: Workspace
    url: str
    kills: Killer

    def state(self) -> tuple[dict[str, str], str]:
        return code(self.workspace.root), schema_fingerprint(self.url)

    def kill(self, verb: str, number: int, **when: float) -> int:
        return self.kills.run(self.workspace.root, verb, str(number), **when)  # type: ignore[arg-type]

    def settle(self) -> dict[int, str]:
        """Let the next command clean up; the fixes that stand afterwards. Nothing may be half."""
        fixes.recover(self.workspace)
        assert journal.read(self.workspace) is None
        rows = fix_status(self.workspace).fixes
        states = {row.number: str(row.state) for row in rows if row.state != "absent"}
        assert set(states.values()) <= {"present"}, [row.why for row in rows]
        return states


@pytest.fixture(scope="module")
def target(server: Server, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    name = "killed"
    url = server.create(name, template)
    with connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("TRUNCATE devices, workflows, samples CASCADE")
    connection.close()
    fill(url, rows=ROWS, seed=1, progress=lambda done, total: None)
    workspace = copy_project(tmp_path_factory.mktemp("killed"), url)
    mine = workspace.root / "app" / "device_service" / "queries.py"
    mine.write_text(mine.read_text() + "\n\n# The candidate's own last line, which nothing may lose.\n")
    with killer() as kills:
        yield Target(workspace, url, kills)
    server.drop(name)


@pytest.mark.slow
@pytest.mark.claim(f"A change that is killed at one of its boundaries {END}", "kills")
@pytest.mark.parametrize("number", NUMBERS)
def test_killed_at_every_boundary(target: Target, number: int, record_property: Record) -> None:
    before = target.state()
    passed: dict[str, list[str]] = {"apply": [], "revert": []}
    for verb, names in passed.items():
        seen = Options(checkpoint=names.append)
        getattr(fixes, verb)(target.workspace, [str(number)], restart=False, options=seen)
    record_property("proved", sum(map(len, passed.values())))
    for at, name in enumerate(passed["apply"]):
        assert target.kill("apply", number, at=at) == KILLED
        assert target.settle() == ({number: "present"} if name == "done" else {}), name
        fixes.revert(target.workspace, [str(number)])
        assert target.state() == before, name
    for at, name in enumerate(passed["revert"]):
        fixes.apply(target.workspace, [str(number)])
        assert target.kill("revert", number, at=at) == KILLED
        assert target.settle() == ({number: "present"} if name == "planned" else {}), name
        fixes.revert(target.workspace, [str(number)])
        assert target.state() == before, name


@pytest.mark.claim(f"A change that is killed at a random moment {END}", "kills")
@pytest.mark.parametrize("batch", DEPTHS)
@pytest.mark.parametrize("number", NUMBERS)
def test_killed_at_random_moments(target: Target, number: int, batch: int, record_property: Record) -> None:
    before = target.state()
    fixes.apply(target.workspace, [str(number)])
    applied = target.state()
    fixes.revert(target.workspace, [str(number)])
    started = time.monotonic()
    assert target.kill("apply", number) == 0
    assert target.kill("revert", number) == 0
    whole = (time.monotonic() - started) / 2
    moments = random.Random(f"{number} {batch}")
    killed = 0
    for turn in range(MOMENTS):
        verb = ("apply", "revert")[turn % 2]
        standing = target.settle()
        if verb == "revert" and not standing:
            fixes.apply(target.workspace, [str(number)])
        elif verb == "apply" and standing:
            fixes.revert(target.workspace, [str(number)])
        moment = moments.uniform(0, whole * 1.1)
        if target.kill(verb, number, after=moment) == KILLED:
            killed += 1
        else:  # it had ended by then: the machine is faster now
            whole = min(whole, moment)
        stands = target.settle()
        assert target.state() == (applied if stands else before)
    assert killed > MOMENTS // 3
    record_property("proved", killed)
    fixes.revert(target.workspace, [str(number)])
    assert target.state() == before


@pytest.mark.claim(f"A command of which the process is killed {END}", "kills")
@pytest.mark.parametrize("batch", DEPTHS)
@pytest.mark.parametrize("verb", ["apply", "revert"])
def test_the_command_itself_may_be_killed(
    target: Target, verb: str, batch: int, record_property: Record
) -> None:
    """Whole processes, from the start of the interpreter to its end."""
    before = target.state()
    moments = random.Random(f"{verb} {batch}")
    for number in NUMBERS:
        if verb == "revert":
            fixes.apply(target.workspace, [str(number)])
        argv = [sys.executable, "-m", "lab", "-C", str(target.workspace.root), "fix", verb, str(number)]
        started = time.monotonic()
        process = subprocess.Popen(
            [*argv, "--no-restart"], cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        # Starting takes most of the time, and is not what is tried here.
        journaled = target.workspace.journal
        while not journaled.exists() and process.poll() is None:
            assert time.monotonic() - started < 60
        time.sleep(moments.uniform(0, 0.1))
        process.kill()
        process.wait(10)
        target.settle()
        fixes.revert(target.workspace, [str(number)])
        assert target.state() == before
    record_property("proved", len(NUMBERS))


@pytest.mark.slow
def test_nothing_of_a_kill_stays_behind(target: Target) -> None:
    target.settle()
    state = {path.name for path in target.workspace.state.iterdir()}
    assert state <= {"database-url", "history.jsonl", "lock", "shipped"}
    assert not list(Path(target.workspace.root / "app").rglob(".*"))
