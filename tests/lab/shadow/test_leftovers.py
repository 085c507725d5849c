"""The leftovers of a killed measurement are removed, and the shadows of living processes are not."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lab.probing.client import request
from lab.runtime.launch import read_record
from lab.shadow import leftovers
from lab.shadow.leftovers import remove_leftovers
from lab.workspace import Workspace
from tests.conftest import PROJECT
from tests.measuring import Bench

KILLED = """
import sys, time
from pathlib import Path
from lab.library import Library
from lab.operations.ownership import Dataset
from lab.operations.prepared import prepared_server
from lab.progress import silent
from lab.shadow.shadow import Source, shadow
from lab.workspace import Workspace
prepared = prepared_server(Workspace(Path(sys.argv[2]), Library(Path.cwd())), Dataset(500), silent)
source = Source(Workspace(Path(sys.argv[1])), prepared, None)
with shadow(source, Path(sys.argv[2]) / "killed", services={"device-service": False}):
    print("made", flush=True)
    time.sleep(600)
"""


def workspace_of(bench: Bench) -> Workspace:
    """The workspace of the bench, with its runs where `lab` looks for them."""
    workspace = Workspace(bench.root)
    workspace.state.mkdir(exist_ok=True)
    if not workspace.runs.exists():
        workspace.runs.symlink_to(bench.runs)
        bench.runs.mkdir(exist_ok=True)
    return workspace


@pytest.mark.slow
@pytest.mark.parametrize("when", [pytest.param("half made", marks=pytest.mark.slow), "made"])
def test_leftovers_of_a_killed_process_are_removed(when: str, bench: Bench) -> None:
    argv = [sys.executable, "-c", KILLED, str(bench.root), str(bench.runs)]
    with subprocess.Popen(argv, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        if when == "made":
            assert child.stdout.readline() == "made\n"
        else:
            until = time.monotonic() + 30
            while not list(bench.runs.glob("*/services/*.json")) and time.monotonic() < until:
                time.sleep(0.01)
        assert remove_leftovers(workspace_of(bench)) == ()  # its owner lives
        child.send_signal(signal.SIGKILL)
    names = [path.stem for path in bench.runs.glob("*/services/*.json")]
    assert names
    assert len(remove_leftovers(workspace_of(bench))) == 1
    assert bench.shadows() == []
    for name in names:
        record = read_record(bench.runs / "killed" / "services", name)
        assert record is not None
        assert record.child.process() is None
    assert not (bench.runs / "killed" / "code").exists()
    assert remove_leftovers(workspace_of(bench)) == ()


@pytest.mark.slow
def test_the_shadow_of_a_living_process_stays(bench: Bench) -> None:
    with bench.shadow(3) as made:
        assert remove_leftovers(workspace_of(bench)) == ()
        assert request(made.bench.replicas("device-service")[0].url, "/health").ok


def test_a_folder_with_a_damaged_owner_file_is_cleaned(bench: Bench) -> None:
    workspace = workspace_of(bench)
    reserved = leftovers.reserve(workspace.runs / "run")
    reserved.code.mkdir()
    (reserved.folder / leftovers.OWNER_FILE).write_text('{"owner": 1}')
    assert remove_leftovers(workspace) == (reserved.folder,)
    assert list(reserved.folder.iterdir()) == []


def test_no_file_can_have_a_process_ended(bench: Bench) -> None:
    """Only what runs in the folder is ended: a record may name any process."""
    workspace = workspace_of(bench)
    folder = workspace.runs / "x"
    (folder / "server" / "data").mkdir(parents=True)
    with subprocess.Popen(["sleep", "60"]) as other:
        (folder / "server" / "data" / "postmaster.pid").write_text(f"{other.pid}\n")
        (folder / leftovers.OWNER_FILE).write_text('{"owner": {"pid": 1, "started": "before"}}')
        assert remove_leftovers(workspace) == (folder,)
        assert other.poll() is None
        other.kill()
    assert not (folder / "server").exists()


def test_the_ports_of_a_shadow_are_given_up_with_it(tmp_path: Path) -> None:
    reserved = leftovers.reserve(tmp_path / "run")
    (port,) = reserved.ports.take(1)
    leftovers.stop(reserved)
    assert not reserved.ports.release(port)
