"""A program that stops reading the output ends the command, with the exit code of a shell: 141."""

import sys

import pytest

from lab.shell import run
from lab.workspace import Workspace


def test_logs_whose_reader_has_ended_are_no_error(up: None, workspace: Workspace) -> None:
    line = f"'{sys.executable}' -m lab logs db -n 100000 | true; echo ${{PIPESTATUS[0]}}"
    finished = run(["bash", "-c", line], cwd=workspace.root)
    assert (finished.stdout, finished.stderr) in {(b"141\n", b""), (b"0\n", b"")}


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_report_whose_reader_has_ended_is_141(up: None, workspace: Workspace, unbuffered: str) -> None:
    line = f"'{sys.executable}' -m lab status | true; echo ${{PIPESTATUS[0]}}"
    finished = run(["bash", "-c", line], cwd=workspace.root, env={"PYTHONUNBUFFERED": unbuffered})
    assert (finished.stdout, finished.stderr) == (b"141\n", b"")


@pytest.mark.slow
def test_a_failed_check_whose_reader_has_ended_is_141_too(
    up: None, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    line = f"'{sys.executable}' -m lab check 1 | true; echo ${{PIPESTATUS[0]}}"
    finished = run(["bash", "-c", line], cwd=workspace.root, timeout=240)
    assert finished.stdout == b"141\n"
    assert b"Broken" not in finished.stderr


def test_following_a_log_without_new_lines_ends_with_its_reader(up: None, workspace: Workspace) -> None:
    line = f"'{sys.executable}' -m lab logs workflow-service -f -n 1 | head -n 1; echo ${{PIPESTATUS[0]}}"
    finished = run(["bash", "-c", line], cwd=workspace.root, timeout=20)
    assert (finished.stdout.splitlines()[-1], finished.stderr) == (b"141", b"")
