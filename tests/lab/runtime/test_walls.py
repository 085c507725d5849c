"""A service behind a wall sees its code and nothing of lab's, and a bound that it reaches is named."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab.runtime import process
from lab.runtime.launch import Exit, Launch, read_record
from lab.sandbox import Level, found
from tests.conftest import free_port
from tests.lab.sandbox.conftest import CALLERS

Run = Callable[[str], Exit]
SECRET = "superuser's password"

LOOK = "import os; print(sorted(os.listdir('.')), os.listdir('.lab'), os.environ.get('HOME'), sep='; ')"
THREADS = """
import threading, time
try:
    while True:
        threading.Thread(target=time.sleep, args=(10,), daemon=True).start()
except RuntimeError:
    time.sleep(5)
"""
FILES = """
import os, time
try:
    opened = []
    while True:
        opened.append(open(os.devnull))
except OSError:
    time.sleep(5)
"""
DISK = """
import time
try:
    with open('/tmp/a', 'wb', buffering=0) as a, open('/tmp/b', 'wb', buffering=0) as b:
        while True:
            a.write(bytes(2**20)); b.write(bytes(2**20))
except OSError:
    time.sleep(5)
"""
OUTPUT = """
import os, time
try:
    while True:
        os.write(1, b'x' * 2**20)
except OSError:
    time.sleep(5)
"""
REQUIRE_REACHABLE = """
import sys
from pathlib import Path
from lab.errors import EnvironmentFault
from lab.runtime.walls import require_reachable
from lab.sandbox import found
means = found()
print(means.level, means.uid, sep="\\n")
for folder in sys.argv[1:]:
    try:
        require_reachable(Path(folder), means)
        print(f"{folder}: reachable")
    except EnvironmentFault as error:
        print(f"{folder}: {error}")
"""
OTHER_USER = f"root, {Level.OTHER_USER}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    code = tmp_path / "code"
    (code / ".lab").mkdir(parents=True)
    (code / ".lab" / "database-url").write_text(SECRET)
    return code


@pytest.fixture
def run(folder: Path, tmp_path: Path) -> Iterator[Run]:
    records = tmp_path / "records"

    def one(code: str) -> Exit:
        environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(folder)}
        argv, log = (sys.executable, "-c", code), str(tmp_path / "service.log")
        launch = Launch("service", argv, str(folder), environment, log, free_port(), 2**28, means=found())
        process.start(launch, records)
        until = time.monotonic() + 60
        while (record := read_record(records, "service")) is not None and record.exit is None:
            assert time.monotonic() < until
            time.sleep(0.05)
        assert record is not None
        assert record.exit is not None
        return record.exit

    yield one
    process.stop_all(records)


def test_a_walled_service_does_not_see_the_state_of_lab(run: Run, tmp_path: Path) -> None:
    assert run(LOOK).code == 0
    assert (tmp_path / "service.log").read_text() == "['.lab']; []; /lab\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "bound"),
    [
        (THREADS, "256 processes and threads"),
        (FILES, "1,024 open files"),
        (DISK, "16 MiB in /tmp"),
        (OUTPUT, "16 MiB of output"),
    ],
)
def test_a_bound_that_is_reached_is_named(run: Run, code: str, bound: str) -> None:
    assert bound in run(code).reached


def test_a_service_within_its_bounds_has_reached_none(run: Run) -> None:
    assert run("import time; time.sleep(1)").reached == ()


@pytest.mark.skipif(OTHER_USER not in CALLERS, reason="only root changes to another user")
def test_code_that_the_walled_user_cannot_open_is_no_fault_of_the_code(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    said = CALLERS[OTHER_USER].run("-c", REQUIRE_REACHABLE, "/usr", str(tmp_path)).stdout.splitlines()
    level, user, problem = said[0], said[1], said[2:]
    assert level == Level.OTHER_USER
    assert problem[0] == "/usr: reachable"
    assert problem[1].startswith(f"{tmp_path}: Here code is measured as the user {user}, who cannot open ")
