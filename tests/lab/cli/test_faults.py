"""Faults of the machine and damaged files: one clear sentence, the documented exit code, nothing lost."""

import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from psycopg2.extensions import connection as Connection

from lab.database import connect, workspace_url
from lab.engine.fingerprint import schema_fingerprint
from lab.operations.up import up as start
from lab.runtime.launch import read_record
from lab.shell import run
from lab.workspace import Workspace
from tests.app.waiting import until
from tests.lab.cli.conftest import Command

pytestmark = pytest.mark.usefixtures("up")


@pytest.mark.parametrize("url", ["nonsense", "postgresql://[::1/lab", "postgresql://u:p@h%00/lab"])
def test_a_malformed_url_is_2(here: Command, url: str) -> None:
    refused = here("status", LAB_DATABASE_URL=url)
    assert (refused.code, refused.stdout) == (2, b"")
    assert refused.stderr.startswith(b"lab: LAB_DATABASE_URL is not of the form")


def test_a_terminal_that_knows_only_ascii_gets_the_rest_escaped(command: Command) -> None:
    shown = command("fix", "show", "5", "--guide", PYTHONIOENCODING="ascii")
    assert shown.code == 0
    assert shown.stdout.isascii()


@pytest.mark.slow
def test_a_full_standard_error_does_not_end_a_command(workspace: Workspace) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "lab", "reset"],
            cwd=workspace.root,
            stdout=subprocess.PIPE,
            stderr=full,
            timeout=60,
        )
    assert done.returncode == 0
    assert b"The database has its original rows again" in done.stdout


@pytest.mark.slow
def test_what_a_damaged_journal_asks_for_works(command: Command, workspace: Workspace) -> None:
    workspace.journal.write_text("damaged")
    refused = command("fix", "recover")
    assert refused.code == 2
    assert b"Delete that file. Then revert each fix that lab fix status calls mixed" in refused.stderr
    workspace.journal.unlink()
    assert command("fix", "status").code == 0


@pytest.mark.slow
def test_an_empty_home_file_is_no_copy(command: Command, workspace: Workspace) -> None:
    kept = workspace.location_file.read_text()
    workspace.location_file.write_text("")
    assert command("status").code == 0
    assert command("up").code == 0
    assert workspace.location_file.read_text() == kept


@pytest.mark.slow
def test_a_damaged_record_of_a_running_service_is_replaced(command: Command, workspace: Workspace) -> None:
    before = read_record(workspace.service_records, "device-service")
    assert before is not None
    (workspace.service_records / "device-service.json").write_text("damaged")
    assert command("up").code == 0
    after = read_record(workspace.service_records, "device-service")
    assert after is not None
    assert before.child.process() is None
    assert after.child.process() is not None


@pytest.mark.slow
def test_what_a_killed_write_left_is_deleted(command: Command, workspace: Workspace) -> None:
    left = [workspace.state / ".settings.json.abcd1234", workspace.shipped / ".manifest.json.abcd1234"]
    for path in left:
        path.write_text("half")
    assert command("up").code == 0
    assert not any(path.exists() for path in left)


def test_without_git_a_fix_is_refused_before_anything_is_changed(
    command: Command, workspace: Workspace, tmp_path: Path
) -> None:
    shutil.copy(shutil.which("true") or "/bin/true", tmp_path / "true")
    before = code_and_schema(workspace)
    for verb in ("apply", "revert"):
        refused = command("fix", verb, "3", PATH=str(tmp_path))
        assert refused.code == 4
        assert b"git was not found on the path" in refused.stderr
    assert code_and_schema(workspace) == before


def code_and_schema(workspace: Workspace) -> tuple[dict[Path, bytes], str]:
    folders = [workspace.root / name for name in ("app", "compose", "migrations")]
    files = [path for folder in folders for path in folder.rglob("*") if "__pycache__" not in path.parts]
    code = {path: path.read_bytes() for path in files if path.is_file()}
    return code, schema_fingerprint(workspace_url(workspace))


@pytest.mark.slow
def test_a_restart_of_a_service_that_crashes_is_1(command: Command) -> None:
    assert command("restart", "workflow-service").code == 1
    assert command("restart", "device-service").code == 0


@pytest.mark.slow
def test_the_url_of_a_stopped_lab_is_not_given(
    command: Command, workspace: Workspace, port_offset: int
) -> None:
    assert command("down").code == 0
    refused = command("url", "device-service")
    assert (refused.code, refused.stdout) == (4, b"")
    script = run([copy_script(workspace.root)], env={"DEVICE_URL": ""})
    assert script.code == 2
    assert b"the address of device-service is not known" in script.stderr
    start(workspace, port_offset=port_offset + 50)


def copy_script(folder: Path) -> Path:
    source = Path(__file__).resolve().parents[3] / "test-race-condition.sh"
    return Path(shutil.copy(source, folder / "race.sh"))


@pytest.mark.slow
def test_a_database_that_is_lost_in_the_middle_of_a_change_is_4(
    command: Command, workspace: Workspace
) -> None:
    """The change waits for a table when the server is killed. Once that runs again, it can be undone."""
    before = (workspace.root / "app/device_service/queries.py").read_bytes()
    change = [sys.executable, "-m", "lab", "fix", "apply", "3"]
    url = workspace_url(workspace)
    with closing(connect(url)) as holder, closing(connect(url)) as watch:
        holder.cursor().execute("BEGIN; LOCK TABLE bookings IN ACCESS EXCLUSIVE MODE")
        changing = subprocess.Popen(change, cwd=workspace.root, stderr=subprocess.PIPE)
        until(lambda: changing.poll() is not None or _waits(watch), "the change to wait")
        os.kill(int((workspace.data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        _, said = changing.communicate(timeout=60)
    assert changing.returncode == 4
    assert said.count(b"\n") == 3, said  # two steps that were done, and one message
    assert b"Nothing is lost. When the cause is gone, run: lab fix recover" in said
    assert command("up").code == 0
    assert command("fix", "recover").code == 0
    states = json.loads(command("fix", "status", "--json").stdout)["fixes"]
    assert [one["state"] for one in states if one["number"] == 3] == ["absent"]
    assert (workspace.root / "app/device_service/queries.py").read_bytes() == before


def _waits(watch: Connection) -> bool:
    with watch.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'bookings'::regclass")
        return cursor.fetchone() == (1,)
