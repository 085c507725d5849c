"""A process of lab ends with its work, at its deadline, and when its caller gives up or dies."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from lab.batch.child import Interrupted, run_child
from tests.dask import wait_until

SLEEPS = "tests.lab.batch.sleeps"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for the log and the pids; the tests' modules can be imported."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[3]))
    yield tmp_path
    wait_until(lambda: living(tmp_path) == [])


def pids(folder: Path) -> list[int]:
    """Those of the process and of its own child, once both are written."""
    file = folder / "pids"
    words = file.read_text().split() if file.exists() else []
    return [int(word) for word in words] if len(words) == 2 else []


def living(folder: Path) -> list[int]:
    """Those of them that still run."""
    found = []
    for pid in pids(folder):
        with suppress(psutil.NoSuchProcess):
            if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                found.append(pid)
    return found


def test_the_exit_code_and_the_output_are_those_of_the_process(folder: Path) -> None:
    log = folder / "log"
    assert run_child(["timeit", "--bad"], log, seconds=30, abandoned=lambda: False) == 2
    assert "option --bad not recognized" in log.read_text()


def test_a_process_that_is_late_is_ended_with_what_it_started(folder: Path) -> None:
    words = [SLEEPS, str(folder)]
    assert run_child(words, folder / "log", seconds=5, abandoned=lambda: False) is None
    assert len(pids(folder)) == 2


def test_a_process_whose_caller_gives_up_is_ended(folder: Path) -> None:
    with pytest.raises(Interrupted):
        run_child([SLEEPS, str(folder)], folder / "log", seconds=60, abandoned=lambda: bool(pids(folder)))


def test_the_pipe_of_a_process_ends_when_its_caller_is_killed(folder: Path) -> None:
    words = [sys.executable, "-c", f"from tests.lab.batch.sleeps import call; call({str(folder)!r})"]
    with subprocess.Popen(words, process_group=0) as caller:
        wait_until(lambda: bool(pids(folder)))
        os.kill(caller.pid, signal.SIGKILL)
    wait_until(lambda: living(folder) == [])
