"""The lab comes up at its buggy head, goes down without a trace, and loses nothing on the way."""

import os
import shutil
import signal
import socket
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import psutil
import pytest

from lab.database import connect, workspace_url
from lab.errors import DatabaseUnreachable, EnvironmentFault, PortTaken, Refused, UsageError
from lab.operations import fixes
from lab.operations.down import down
from lab.operations.fix_status import fix_status
from lab.operations.ownership import TemporaryDatabase
from lab.operations.reset import reset
from lab.operations.restart import restart
from lab.operations.runtimes import runtime_of
from lab.operations.settings import load_settings
from lab.operations.status import Status, status
from lab.operations.up import up
from lab.runtime import databases
from lab.runtime.launch import read_record
from lab.runtime.log_files import tail
from lab.runtime.process import wait_for_end
from lab.shell import run
from lab.workspace import Workspace
from tests.lab.operations.conftest import ROWS, copy_shipped

NO_REPOSITORY = {"GIT_CEILING_DIRECTORIES": "/"}
pytestmark = pytest.mark.usefixtures("lab")


def now(workspace: Workspace) -> Status:
    return status(workspace, runtime_of(workspace))


def states(report: Status) -> dict[str, str]:
    return {service.name: service.state for service in report.services}


def execute(workspace: Workspace, query: str) -> None:
    with closing(connect(runtime_of(workspace).url)) as connection, connection.cursor() as cursor:
        cursor.execute(query)


def living_in(folder: Path) -> list[psutil.Process]:
    """The processes whose working folder is at or below `folder`."""
    found = []
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()).is_relative_to(folder) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def test_it_stands_at_the_buggy_head_as_described(workspace: Workspace) -> None:
    report = now(workspace)
    assert states(report) == {"device-service": "healthy", "workflow-service": "exited"}
    assert (report.database.revision, report.database.rows) == ("0002", ROWS)
    log = tail(runtime_of(workspace).stack.log("workflow-service"))
    assert log[-1] == "KeyError: 'DEVICE_SERVICE_URL'"


def test_up_again_leaves_what_runs_alone(workspace: Workspace) -> None:
    before = read_record(workspace.service_records, "device-service")
    again = up(workspace)
    after = read_record(workspace.service_records, "device-service")
    assert before is not None
    assert after is not None
    assert before.child == after.child
    assert not again.seeded


def test_up_with_another_environment_starts_the_service_anew(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SQLALCHEMY_ECHO", "true")
    up(workspace)
    port = now(workspace).services[0].port
    with closing(HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("GET", "/devices")
        connection.getresponse().read()
    log = tail(runtime_of(workspace).stack.log("device-service"), 50)
    assert any("SELECT devices.id" in line for line in log)


def test_down_leaves_no_process_and_up_keeps_the_data(workspace: Workspace) -> None:
    execute(workspace, "DELETE FROM execution_logs WHERE id > 900")
    stopped = down(workspace)
    assert stopped.services == ("device-service",)
    assert stopped.database
    assert living_in(workspace.root) == []
    up(workspace)
    assert now(workspace).database.rows == 900
    reset(workspace)


def test_down_again_is_no_error(workspace: Workspace) -> None:
    down(workspace)
    assert down(workspace).services == ()


@pytest.mark.parametrize("victim", ["postgres", "device-service", "its guard"])
def test_up_works_after_a_kill(workspace: Workspace, victim: str) -> None:
    if victim == "postgres":
        pid = int((workspace.data / "postmaster.pid").read_text().split()[0])
    else:
        record = read_record(workspace.service_records, "device-service")
        assert record is not None
        pid = record.child.pid if victim == "device-service" else record.guard.pid
    os.kill(pid, signal.SIGKILL)
    up(workspace)
    assert states(now(workspace))["device-service"] == "healthy"
    assert now(workspace).database.rows == ROWS


def test_a_killed_build_is_built_anew(workspace: Workspace) -> None:
    account = runtime_of(workspace).account
    with closing(connect(account.url("postgres"))) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {TemporaryDatabase.BUILD.name_for(workspace)}")
        cursor.execute("ALTER DATABASE lab_template IS_TEMPLATE false")
        cursor.execute("DROP DATABASE lab WITH (FORCE)")
        cursor.execute("DROP DATABASE lab_template")
    assert up(workspace, rows=ROWS).seeded
    assert now(workspace).database.rows == ROWS


def test_reset_brings_back_rows_and_schema(workspace: Workspace) -> None:
    execute(workspace, "CREATE INDEX mine ON execution_logs (started_at)")
    execute(workspace, "DELETE FROM execution_logs")
    reset(workspace)
    assert now(workspace).database.rows == ROWS
    with closing(connect(runtime_of(workspace).url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('mine')")
        assert cursor.fetchone() == (None,)


@pytest.mark.parametrize("at", ["create", "replace"])
def test_a_reset_that_is_broken_off_leaves_the_old_database_and_nothing_else(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    def pressed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    execute(workspace, "DELETE FROM execution_logs WHERE id > 900")
    with monkeypatch.context() as patched:
        patched.setattr(f"lab.runtime.databases.{at}", pressed)
        with pytest.raises(KeyboardInterrupt):
            reset(workspace)
    assert now(workspace).database.rows == 900
    account = runtime_of(workspace).account
    assert not databases.comments(account, [one.name_for(workspace) for one in TemporaryDatabase])
    reset(workspace)
    assert now(workspace).database.rows == ROWS


def test_what_a_killed_reset_left_is_dropped_by_up(workspace: Workspace) -> None:
    account = runtime_of(workspace).account
    names = [one.name_for(workspace) for one in TemporaryDatabase]
    for name in names:
        databases.create(account, name, template="lab_template")
    up(workspace)
    assert not databases.comments(account, names)


def test_an_up_that_is_broken_off_leaves_no_database_without_its_fixes(
    workspace: Workspace, port_offset: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pressed(*_: object) -> None:
        raise KeyboardInterrupt

    fixes.apply(workspace, ["5"])
    down(workspace, destroy=True)
    with monkeypatch.context() as patched:
        patched.setattr("lab.operations.fixes.sync_schema", pressed)
        with pytest.raises(KeyboardInterrupt):
            up(workspace, rows=ROWS, port_offset=port_offset)
    up(workspace, rows=ROWS, port_offset=port_offset)
    assert [str(row.state) for row in fix_status(workspace).fixes if row.number == 5] == ["present"]
    fixes.revert(workspace, ["5"])


def test_a_dropped_database_is_reset_to_what_the_code_has(workspace: Workspace) -> None:
    path = workspace.root / "app" / "device_service" / "models.py"
    shipped = path.read_bytes()
    fixes.apply(workspace, ["2", "5"])
    path.write_bytes(shipped)  # as `git checkout app` does
    databases.drop(runtime_of(workspace).account, "lab")
    assert reset(workspace).fixes == (2,)
    assert {str(row.state) for row in fix_status(workspace).fixes if row.number == 5} == {"absent"}
    fixes.recover(workspace)
    fixes.revert(workspace, ["2"])


def test_an_up_that_fails_is_not_remembered(workspace: Workspace) -> None:
    before = load_settings(workspace)

    def fail(stage: object) -> None:
        if "Starting the services" in str(stage):
            raise EnvironmentFault("It failed.")

    with pytest.raises(EnvironmentFault, match="It failed"):
        up(workspace, port_offset=before.port_offset + 3, progress=fail)
    assert load_settings(workspace) == before


@pytest.mark.parametrize("text", ["abc", "0", "70000", "-1"])
def test_a_variable_that_holds_no_port_is_named(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("LAB_DEVICE_PORT", text)
    with pytest.raises(UsageError, match=f"LAB_DEVICE_PORT={text} is no port"):
        up(workspace)


def test_the_services_survive_a_reset(workspace: Workspace) -> None:
    reset(workspace)
    assert states(now(workspace))["device-service"] == "healthy"


def test_reset_code_saves_the_edits_before_it_takes_them_back(workspace: Workspace, tmp_path: Path) -> None:
    edited, added = workspace.root / "app/common/params.py", workspace.root / "migrations/versions/mine.py"
    removed = workspace.root / "app/common/timestamps.py"
    shipped = {path: path.read_bytes() for path in (edited, removed)}
    edited.write_bytes(shipped[edited] + b"# mine\n")
    added.write_text('revision = "mine"\ndown_revision = "0002"\n')
    removed.unlink()

    code = reset(workspace, code=True).code

    assert code is not None
    assert code.patch is not None
    assert {workspace.root / path for path in code.changed} == {edited, added, removed}
    assert {path: path.read_bytes() for path in shipped} == shipped
    assert not added.exists()
    assert run(["git", "apply", "-p1", code.patch], cwd=workspace.root, env=NO_REPOSITORY).code == 0
    assert edited.read_bytes().endswith(b"# mine\n")
    assert added.exists()
    assert not removed.exists()
    reset(workspace, code=True)


@pytest.mark.parametrize("error", [EnvironmentFault("no"), OSError(30, "Read-only"), KeyboardInterrupt()])
def test_reset_code_that_is_broken_off_says_where_the_edits_are(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    edited, added = workspace.root / "app/common/params.py", workspace.root / "app/mine.py"
    shipped = edited.read_bytes()
    edited.write_bytes(shipped + b"# mine\n")
    added.write_text("mine\n")

    def fail(*_: object, **__: object) -> None:
        raise error

    with monkeypatch.context() as patched:
        patched.setattr("lab.operations.restore_code._clear_the_way", fail)
        with pytest.raises((EnvironmentFault, KeyboardInterrupt)) as caught:
            reset(workspace, code=True)
    said = str(getattr(caught.value, "__notes__", caught.value))
    patch = max(workspace.saved.iterdir())
    assert str(patch) in said
    assert b"+mine" in patch.read_bytes()
    reset(workspace, code=True)
    assert edited.read_bytes() == shipped


def test_reset_code_puts_files_and_folders_back_where_the_other_stands(workspace: Workspace) -> None:
    module, package = workspace.root / "app/common/params.py", workspace.root / "app/workflow_service"
    shipped = {path: path.read_bytes() for path in (module, *package.glob("*.py"))}
    module.unlink()
    (module / "deep").mkdir(parents=True)
    (module / "deep" / "mine.py").write_text("mine = 1\n")
    shutil.rmtree(package)
    package.write_text("no package\n")

    code = reset(workspace, code=True).code

    assert code is not None
    assert code.patch is not None
    assert {path: path.read_bytes() for path in shipped} == shipped
    saved = code.patch.read_text()
    assert "mine = 1" in saved
    assert "no package" in saved


def test_reset_code_puts_a_file_in_the_place_of_a_link_to_one(workspace: Workspace, tmp_path: Path) -> None:
    module = workspace.root / "app/common/params.py"
    module.rename(tmp_path / "elsewhere.py")
    module.symlink_to(tmp_path / "elsewhere.py")
    reset(workspace, code=True)
    assert not module.is_symlink()
    assert module.read_bytes() == (tmp_path / "elsewhere.py").read_bytes()


@pytest.mark.parametrize("there", [True, False])
def test_reset_code_writes_through_no_link(workspace: Workspace, tmp_path: Path, there: bool) -> None:
    package, outside = workspace.root / "app/workflow_service", tmp_path / "outside"
    shipped = {path: path.read_bytes() for path in package.glob("*.py")}
    if there:
        shutil.copytree(package, outside)
        (outside / "routes.py").write_text("mine\n")
    shutil.rmtree(package)
    package.symlink_to(outside)

    reset(workspace, code=True)

    assert not package.is_symlink()
    assert {path: path.read_bytes() for path in shipped} == shipped
    assert not there or (outside / "routes.py").read_text() == "mine\n"


def test_what_was_shipped_outlives_a_destroyed_lab(workspace: Workspace, port_offset: int) -> None:
    edited = workspace.root / "app/common/params.py"
    shipped = edited.read_bytes()
    edited.write_bytes(shipped + b"# mine\n")
    down(workspace, destroy=True)
    up(workspace, rows=ROWS, port_offset=port_offset)
    reset(workspace, code=True)
    assert edited.read_bytes() == shipped


@pytest.mark.parametrize("gone", [True, False])
def test_a_new_database_gets_the_fixes_that_the_code_still_has(
    workspace: Workspace, port_offset: int, gone: bool
) -> None:
    path = workspace.root / "app" / "device_service" / "models.py"
    shipped = path.read_bytes()
    fixes.apply(workspace, ["5"])
    if gone:
        path.write_bytes(shipped)  # as `git checkout app` does
    down(workspace, destroy=True)
    up(workspace, rows=ROWS, port_offset=port_offset)
    states = {str(row.state) for row in fix_status(workspace).fixes if row.number == 5}
    assert states == ({"absent"} if gone else {"present"})
    fixes.recover(workspace) if gone else fixes.revert(workspace, ["5"])


def test_other_rows_than_it_holds_are_refused_and_nothing_is_lost(workspace: Workspace) -> None:
    with pytest.raises(Refused, match="lab down --destroy"):
        up(workspace, rows=ROWS + 1)
    assert now(workspace).database.rows == ROWS


@pytest.mark.parametrize("rows", [0, -1, 10**9])
def test_impossible_rows_are_wrong_usage(workspace: Workspace, rows: int) -> None:
    with pytest.raises(UsageError, match="rows"):
        up(workspace, rows=rows)


def test_a_taken_port_stops_it_before_anything_is_started(workspace: Workspace) -> None:
    port = now(workspace).services[0].port
    down(workspace)
    with socket.create_server(("127.0.0.1", port)):
        with pytest.raises(PortTaken, match=f"Port {port}, which device-service asks for"):
            up(workspace)
        assert living_in(workspace.root) == []


def test_a_taken_port_leaves_the_running_lab_alone(workspace: Workspace) -> None:
    port = now(workspace).services[0].port + 1
    with socket.create_server(("127.0.0.1", port)), pytest.raises(PortTaken, match=f"Port {port}"):
        up(workspace, port_offset=load_settings(workspace).port_offset + 1)
    assert states(now(workspace))["device-service"] == "healthy"


def test_a_refused_up_leaves_the_running_lab_and_its_ports_alone(workspace: Workspace) -> None:
    before = load_settings(workspace)
    with pytest.raises(Refused, match="lab down --destroy"):
        up(workspace, rows=ROWS + 1, port_offset=before.port_offset + 1)
    assert load_settings(workspace) == before
    assert states(now(workspace))["device-service"] == "healthy"


def test_a_service_taken_out_of_the_file_is_stopped(workspace: Workspace) -> None:
    record = read_record(workspace.service_records, "device-service")
    text = workspace.compose_file.read_text()
    assert record is not None
    head, _, rest = text.partition("  device-service:\n")
    workspace.compose_file.write_text(
        head + "  workflow-service:\n" + rest.partition("  workflow-service:\n")[2]
    )
    try:
        up(workspace)
        assert record.child.process() is None
    finally:
        workspace.compose_file.write_text(text)


def test_a_renamed_service_gets_the_port_of_the_one_that_ran(workspace: Workspace) -> None:
    text = workspace.compose_file.read_text()
    workspace.compose_file.write_text(text.replace("device-service:\n", "devices:\n", 1))
    try:
        assert states(up(workspace).status)["devices"] == "healthy"
    finally:
        workspace.compose_file.write_text(text)
    assert states(up(workspace).status)["device-service"] == "healthy"


def test_a_service_whose_guard_was_killed_says_so(workspace: Workspace) -> None:
    record = read_record(workspace.service_records, "device-service")
    assert record is not None
    os.kill(record.guard.pid, signal.SIGKILL)
    assert wait_for_end(record.guard, 5)
    assert "its memory" in (now(workspace).services[0].reason or "")
    up(workspace)
    assert now(workspace).services[0].reason is None


@pytest.mark.parametrize("lost", ["the records", "the name of the server's process"])
def test_down_finds_what_runs_when_what_was_written_about_it_is_lost(workspace: Workspace, lost: str) -> None:
    if lost == "the records":
        shutil.rmtree(workspace.service_records)
    else:
        (workspace.data / "postmaster.pid").write_text("garbage")
    down(workspace)
    assert living_in(workspace.root) == []


def test_after_down_nothing_is_said_to_have_crashed(workspace: Workspace) -> None:
    down(workspace)
    assert now(workspace).crashed == ()


def test_a_service_that_hangs_is_silent_not_crashed(workspace: Workspace) -> None:
    record = read_record(workspace.service_records, "device-service")
    assert record is not None
    os.kill(record.child.pid, signal.SIGSTOP)
    try:
        assert [service.name for service in now(workspace).unresponsive] == ["device-service"]
    finally:
        os.kill(record.child.pid, signal.SIGCONT)


def test_other_ports_are_taken_up_and_given_back(workspace: Workspace) -> None:
    before = load_settings(workspace).port_offset
    moved = up(workspace, port_offset=before + 7)
    assert states(moved.status)["device-service"] == "healthy"
    assert moved.status.services[0].port == 5001 + before + 7
    up(workspace, port_offset=before)


def test_ports_that_variables_asked_for_are_remembered(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = now(workspace).services[0].port
    with monkeypatch.context() as shell:
        shell.setenv("LAB_DEVICE_PORT", "5011")
        up(workspace)
    assert now(workspace).services[0].port == before + 10
    with monkeypatch.context() as shell:
        shell.setenv("LAB_DEVICE_PORT", "5021")  # only lab up heeds it
        assert runtime_of(workspace).ports["device-service"] == before + 10
    assert states(now(workspace))["device-service"] == "healthy"
    monkeypatch.setenv("LAB_DEVICE_PORT", "")  # as the compose file has it: the default again
    assert up(workspace).status.services[0].port == before


@pytest.mark.parametrize("sign", ['"', "$", "`", "%", ":", os.fsdecode(b"\xff")])
def test_a_path_that_tools_would_misread_is_refused(tmp_path: Path, sign: str) -> None:
    odd = Workspace(copy_shipped(tmp_path / f"a{sign}b"))
    with pytest.raises(EnvironmentFault, match="its path holds"):
        up(odd)
    assert not odd.data.exists()


def test_a_copied_workspace_has_no_hold_on_the_originals_lab(workspace: Workspace, tmp_path: Path) -> None:
    copy = Workspace(tmp_path / "copy")
    shutil.copytree(workspace.root, copy.root, ignore=shutil.ignore_patterns("postgres", "lock"))
    (copy.data).mkdir(parents=True)
    with pytest.raises(Refused, match="is a copy of"):
        up(copy)
    with pytest.raises(DatabaseUnreachable, match="is a copy of"):
        workspace_url(copy)
    down(copy, destroy=True)
    assert states(now(workspace))["device-service"] == "healthy"


def test_status_waits_for_nobody(workspace: Workspace) -> None:
    with closing(connect(runtime_of(workspace).url)) as connection, connection.cursor() as cursor:
        connection.autocommit = False
        cursor.execute("LOCK TABLE execution_logs IN ACCESS EXCLUSIVE MODE")
        report = now(workspace).database
        connection.rollback()
    assert (report.running, report.rows, report.revision) == (True, None, "0002")


def test_a_missing_database_is_a_problem_not_a_stopped_server(workspace: Workspace) -> None:
    runtime = runtime_of(workspace)
    databases.drop(runtime.account, runtime.database)
    report = now(workspace).database
    assert report.running
    assert "does not exist" in (report.problem or "")
    up(workspace)
    assert now(workspace).database.rows == ROWS


def test_restart_reads_the_compose_file_again(workspace: Workspace) -> None:
    text = workspace.compose_file.read_text()
    variable = "      - DEVICE_SERVICE_URL=http://device-service:5001\n"
    head, service, tail = text.partition("  workflow-service:")
    workspace.compose_file.write_text(
        head + service + tail.replace("environment:\n", f"environment:\n{variable}", 1)
    )
    try:
        report = restart(workspace, ["workflow-service"])
        assert states(report)["workflow-service"] == "healthy"
    finally:
        workspace.compose_file.write_text(text)
        restart(workspace)


def test_an_unknown_service_is_answered_with_those_that_exist(workspace: Workspace) -> None:
    with pytest.raises(UsageError, match="device-service, workflow-service"):
        restart(workspace, ["ghost"])


@pytest.mark.parametrize("verb", [restart, reset])
def test_what_needs_the_lab_says_how_to_bring_it_up(workspace: Workspace, verb: object) -> None:
    down(workspace)
    with pytest.raises(EnvironmentFault, match="Start it: lab up"):
        verb(workspace)  # type: ignore[operator]


def test_down_works_with_a_damaged_compose_file(workspace: Workspace) -> None:
    text = workspace.compose_file.read_text()
    workspace.compose_file.write_text("services: [")
    try:
        down(workspace)
        assert living_in(workspace.root) == []
    finally:
        workspace.compose_file.write_text(text)


def test_a_start_that_fails_on_a_disk_that_is_nearly_full_says_so(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lab.operations.doctor.NEEDED_DISK", 2**70)

    def fail(stage: object) -> None:
        if "services" in str(stage):
            raise EnvironmentFault("It failed.")

    with pytest.raises(EnvironmentFault, match=r"It failed\. Only .* MiB are free in"):
        up(workspace, progress=fail)


def test_an_interrupted_start_leaves_nothing_running(workspace: Workspace) -> None:
    down(workspace)

    def interrupt(stage: object) -> None:
        if "services" in str(stage):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        up(workspace, progress=interrupt)
    assert living_in(workspace.root) == []
