"""The leftovers of a killed measurement are removed, and the shadows of living processes are not."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lab.probing.client import request
from lab.runtime import databases
from lab.runtime.launch import ProcessId, read_record
from lab.shadow import leftovers
from lab.shadow.leftovers import Reservation, remove_leftovers
from lab.shell import run
from lab.workspace import Workspace
from tests.conftest import PROJECT
from tests.measuring import Bench

KILLED = """
import sys, time
from pathlib import Path
from lab.runtime.account import Account
from lab.shadow.shadow import Source, shadow
from lab.workspace import Workspace
account = Account(int(sys.argv[3]), "lab", "lab")
source = Source(Workspace(Path(sys.argv[1])), account, sys.argv[4], None)
with shadow(source, Path(sys.argv[2]) / "killed", services={"device-service": False}):
    print("made", flush=True)
    time.sleep(600)
"""


GONE = ProcessId(1, "before")


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
    argv += [str(bench.server.account.port), bench.template]
    with subprocess.Popen(argv, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        if when == "made":
            assert child.stdout.readline() == "made\n"
        else:
            until = time.monotonic() + 30
            while not list(bench.runs.glob("*/services/*.json")) and time.monotonic() < until:
                time.sleep(0.01)
        assert remove_leftovers(workspace_of(bench), bench.server.account) == ()  # its owner lives
        child.send_signal(signal.SIGKILL)
    names = [path.stem for path in bench.runs.glob("*/services/*.json")]
    assert names
    assert len(remove_leftovers(workspace_of(bench), bench.server.account)) == 1
    assert bench.shadows() == []
    for name in names:
        record = read_record(bench.runs / "killed" / "services", name)
        assert record is not None
        assert record.child.process() is None
    assert not (bench.runs / "killed" / "code").exists()
    assert remove_leftovers(workspace_of(bench), bench.server.account) == ()


@pytest.mark.slow
def test_the_shadow_of_a_living_process_stays(bench: Bench) -> None:
    with bench.shadow(3) as made:
        assert remove_leftovers(workspace_of(bench), bench.server.account) == ()
        assert request(made.bench.replicas("device-service")[0].url, "/health").ok


def test_a_folder_with_a_damaged_owner_file_is_cleaned(bench: Bench) -> None:
    workspace = workspace_of(bench)
    reserved = leftovers.reserve(workspace.runs / "run", "")
    reserved.code.mkdir()
    (reserved.folder / leftovers.OWNER_FILE).write_text('{"owner": 1}')
    assert remove_leftovers(workspace, bench.server.account) == ()
    assert list(reserved.folder.iterdir()) == []


def dead() -> int:
    """The pid of a process that has ended."""
    return int(run([sys.executable, "-c", "import os; print(os.getpid())"]).stdout)


@pytest.mark.parametrize("shaped", [pytest.param(False, marks=pytest.mark.slow), True])
def test_no_file_can_have_a_database_dropped(shaped: bool, bench: Bench) -> None:
    """Neither a lab's own, nor one with the name of a shadow but without this workspace's mark."""
    workspace, account = workspace_of(bench), bench.server.account
    name = f"lab_shadow_{dead()}_0123abcd" if shaped else "lab_precious"
    databases.create(account, name)
    if shaped:
        databases.set_comment(
            account, name, Reservation(bench.runs, name, GONE).comment(Workspace(bench.runs))
        )
    folder = workspace.runs / "x"
    folder.mkdir(parents=True)
    document = {"database": name, "owner": {"pid": GONE.pid, "started": GONE.started}}
    (folder / leftovers.OWNER_FILE).write_text(json.dumps(document))

    assert remove_leftovers(workspace, account) == ()

    assert databases.exists(account, name)
    assert not (folder / leftovers.OWNER_FILE).exists()
    databases.drop(account, name)


@pytest.mark.slow
def test_one_without_a_mark_is_dropped_on_the_workspaces_own_server_only(bench: Bench) -> None:
    workspace, account = workspace_of(bench), bench.server.account
    name = f"lab_shadow_{dead()}_0123abcd"
    databases.create(account, name)
    assert remove_leftovers(workspace, account) == ()
    workspace.data.mkdir(parents=True)
    (workspace.data / "postmaster.pid").write_text(f"1\n/data\n0\n{account.port}\n")
    assert remove_leftovers(workspace, account) == (name,)


def test_without_a_server_the_reservation_stays_for_a_later_call(tmp_path: Path) -> None:
    reserved = leftovers.reserve(tmp_path / "run", "a_database")
    reserved.code.mkdir()
    leftovers.remove(reserved, None)
    assert [path.name for path in reserved.folder.iterdir()] == [leftovers.OWNER_FILE]


@pytest.mark.slow
def test_the_databases_comment_names_the_owner_and_the_workspace(bench: Bench) -> None:
    with bench.shadow(6):
        (name,) = bench.shadows()
        document = json.loads(databases.comments(bench.server.account, [name])[name] or "")
        assert document["lab_shadow"]["pid"] == os.getpid()
        assert document["workspace"] == str(bench.root)
