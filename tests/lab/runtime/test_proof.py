"""A record that names somebody else's process has no power over it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from lab.runtime import process
from lab.runtime.launch import RECORDS_VARIABLE, Launch, ProcessId, Record, process_id
from lab.runtime.proof import is_ours

GONE = ProcessId(1, "before")
SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


@pytest.fixture
def other() -> Iterator["subprocess.Popen[bytes]"]:
    started = subprocess.Popen(SLEEP)
    yield started
    started.kill()
    started.wait()


def record_of(guard: ProcessId, child: ProcessId) -> Record:
    return Record(Launch("service"), guard, child)


@pytest.mark.parametrize("foreground", [False, True])
@pytest.mark.parametrize("as_guard", [False, True])
def test_a_process_that_lab_did_not_start_is_not_ended(
    other: "subprocess.Popen[bytes]", tmp_path: Path, as_guard: bool, foreground: bool
) -> None:
    named = process_id(psutil.Process(other.pid))
    guard, child = (named, GONE) if as_guard else (GONE, named)
    record = Record(Launch("service"), guard, child, foreground=foreground)
    record.write(tmp_path)
    assert not process.stop(tmp_path, "service")
    process.stop_all(tmp_path)
    assert other.poll() is None


def test_a_service_is_known_by_its_environment_from_its_start(tmp_path: Path) -> None:
    marked = {**os.environ, RECORDS_VARIABLE: str(tmp_path.resolve())}
    with subprocess.Popen(SLEEP, env=marked) as started:
        record = record_of(GONE, process_id(psutil.Process(started.pid)))
        assert is_ours(record, tmp_path)
        assert not is_ours(record, tmp_path / "another folder")
        started.kill()
