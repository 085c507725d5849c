"""One lab at a time holds the lock, and the kernel releases it when its holder dies."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lab.errors import EnvironmentFault, Locked
from lab.lock import exclusive_lock
from lab.progress import Update, silent

HOLDER = """
import os, sys
from pathlib import Path
from lab.lock import exclusive_lock
with exclusive_lock(Path(sys.argv[1]), progress=print):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_the_lock_is_free_after_the_block(tmp_path: Path) -> None:
    for _ in range(2):
        with exclusive_lock(tmp_path / ".lab" / "lock", progress=silent, wait=0):
            assert (tmp_path / ".lab" / "lock").read_text() == str(os.getpid())


def test_a_second_lab_reports_the_holder_once_and_gives_up_after_its_wait(tmp_path: Path) -> None:
    updates: list[Update] = []
    path = tmp_path / "lock"
    with (
        exclusive_lock(path, progress=silent),
        pytest.raises(Locked, match=f"process {os.getpid()}"),
        exclusive_lock(path, progress=updates.append, wait=0.2),
    ):
        pytest.fail("two at a time")
    assert [update.text for update in updates] == [f"Waiting for another lab: process {os.getpid()}"]
    assert Locked.exit_code == 3


def test_the_lock_is_free_after_its_holder_was_killed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        with (
            pytest.raises(Locked, match=f"process {holder.pid}"),
            exclusive_lock(path, progress=silent, wait=0),
        ):
            pytest.fail("two at a time")
        holder.send_signal(signal.SIGKILL)
    with exclusive_lock(path, progress=silent, wait=0):
        assert path.read_text() == str(os.getpid())


def test_children_do_not_inherit_the_lock(tmp_path: Path) -> None:
    """A service outlives the `lab` that started it."""
    path = tmp_path / "lock"
    with exclusive_lock(path, progress=silent):
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, close_fds=False)
    try:
        with exclusive_lock(path, progress=silent):
            assert child.poll() is None
    finally:
        child.communicate(b"\n")


def test_a_lock_file_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(EnvironmentFault, match="cannot be written"),
        exclusive_lock(tmp_path / "file" / "lock", progress=silent),
    ):
        pytest.fail("no lock was made")


def test_a_link_in_place_of_the_lock_is_refused_and_what_it_leads_to_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "lock").symlink_to("mine")
    with (
        pytest.raises(EnvironmentFault, match="It is a link"),
        exclusive_lock(tmp_path / "lock", progress=silent),
    ):
        pytest.fail("locked")
    assert (tmp_path / "mine").read_text() == "mine"
