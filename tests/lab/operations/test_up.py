"""`up` starts the lab, keeps what exists, and after a failure leaves no process behind."""

import shutil
import socket
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import psutil
import pytest

from lab.database import connect, workspace_url
from lab.errors import DatabaseUnreachable, EnvironmentFault, PortTaken, Refused
from lab.operations import fixes
from lab.operations.down import down
from lab.operations.fix_status import fix_status
from lab.operations.ownership import TemporaryDatabase
from lab.operations.runtimes import runtime_of
from lab.operations.settings import load_settings
from lab.operations.up import up
from lab.progress import Update
from lab.runtime import databases
from lab.runtime.account import MAINTENANCE
from lab.runtime.launch import read_record
from lab.runtime.log_files import tail
from lab.workspace import Workspace
from tests.lab.operations.conftest import ROWS, living_in, now, raise_at, states

pytestmark = pytest.mark.usefixtures("lab")


def test_up_starts_the_buggy_lab_at_its_head(workspace: Workspace) -> None:
    report = now(workspace)
    assert states(report) == {"device-service": "healthy", "workflow-service": "exited"}
    assert (report.database.revision, report.database.rows) == ("0002", ROWS)
    log = tail(runtime_of(workspace).stack.log("workflow-service"))
    assert log[-1] == "KeyError: 'DEVICE_SERVICE_URL'"


def test_the_statistics_leave_out_the_statements_that_made_the_rows(workspace: Workspace) -> None:
    account = runtime_of(workspace).account
    with closing(connect(account.url(MAINTENANCE))) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(max(calls), 0) FROM pg_stat_statements WHERE query LIKE '%FOR KEY SHARE%'"
        )
        assert cursor.fetchone()[0] < ROWS


def test_a_second_up_restarts_nothing(workspace: Workspace) -> None:
    before = read_record(workspace.service_records, "device-service")
    again = up(workspace)
    after = read_record(workspace.service_records, "device-service")
    assert before is not None
    assert after is not None
    assert before.child == after.child
    assert not again.seeded


@pytest.mark.slow
def test_up_with_another_environment_restarts_the_service(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SQLALCHEMY_ECHO", "true")
    up(workspace)
    port = now(workspace).services[0].port
    with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("GET", "/devices")
        connection.getresponse().read()
    log = tail(runtime_of(workspace).stack.log("device-service"), 50)
    assert any("SELECT devices.id" in line for line in log)


@pytest.mark.slow
@pytest.mark.parametrize("victim", ["postgres", "device-service", "its guard"])
def test_up_works_after_a_kill(workspace: Workspace, victim: str) -> None:
    if victim == "postgres":
        pid = int((workspace.data / "postmaster.pid").read_text().split()[0])
    else:
        record = read_record(workspace.service_records, "device-service")
        assert record is not None
        pid = record.child.pid if victim == "device-service" else record.guard.pid
    killed = psutil.Process(pid)
    killed.kill()
    killed.wait(20)  # until then it holds its port
    up(workspace)
    assert states(now(workspace))["device-service"] == "healthy"
    assert now(workspace).database.rows == ROWS


@pytest.mark.slow
def test_up_after_a_killed_build_builds_again(workspace: Workspace) -> None:
    account = runtime_of(workspace).account
    with closing(connect(account.url("postgres"))) as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {TemporaryDatabase.BUILD.name_for(workspace)}")
        cursor.execute("ALTER DATABASE lab_template IS_TEMPLATE false")
        cursor.execute("DROP DATABASE lab WITH (FORCE)")
        cursor.execute("DROP DATABASE lab_template")
    assert up(workspace, rows=ROWS).seeded
    assert now(workspace).database.rows == ROWS


@pytest.mark.slow
def test_up_drops_the_databases_of_a_killed_reset(workspace: Workspace) -> None:
    account = runtime_of(workspace).account
    names = [one.name_for(workspace) for one in TemporaryDatabase]
    for name in names:
        databases.create(account, name, template="lab_template")
    up(workspace)
    assert not databases.comments(account, names)


@pytest.mark.slow
def test_an_interrupted_up_leaves_no_database_without_its_fixes(
    workspace: Workspace, port_offset: int
) -> None:
    fixes.apply(workspace, ["5"])
    down(workspace, destroy=True)
    with pytest.raises(KeyboardInterrupt):
        up(
            workspace,
            rows=ROWS,
            port_offset=port_offset,
            progress=raise_at("Migrating to the schema", KeyboardInterrupt()),
        )
    up(workspace, rows=ROWS, port_offset=port_offset)
    assert [str(row.state) for row in fix_status(workspace).fixes if row.number == 5] == ["present"]
    fixes.revert(workspace, ["5"])


def test_an_up_that_fails_restores_the_settings(workspace: Workspace) -> None:
    before = load_settings(workspace)

    with pytest.raises(EnvironmentFault, match="It failed"):
        up(
            workspace,
            port_offset=before.port_offset + 3,
            progress=raise_at("Starting the services", EnvironmentFault("It failed.")),
        )
    assert load_settings(workspace) == before


@pytest.mark.slow
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


def test_another_number_of_rows_is_refused_and_the_rows_stay(workspace: Workspace) -> None:
    with pytest.raises(Refused, match="lab down --destroy"):
        up(workspace, rows=ROWS + 1)
    assert now(workspace).database.rows == ROWS


def test_a_taken_port_is_found_before_a_process_starts_and_an_interrupt_ends_those_that_have(
    workspace: Workspace,
) -> None:
    port = now(workspace).services[0].port
    down(workspace)
    said: list[Update] = []
    with socket.create_server(("127.0.0.1", port)):
        with pytest.raises(PortTaken, match=f"Port {port}, which device-service asks for"):
            up(workspace, progress=said.append)
        assert [update for update in said if update.text.startswith("Starting")] == []
        assert living_in(workspace.root) == []
    with pytest.raises(KeyboardInterrupt):
        up(workspace, progress=raise_at("Starting the services", KeyboardInterrupt()))
    assert living_in(workspace.root) == []


def test_a_taken_new_port_stops_no_running_service(workspace: Workspace) -> None:
    port = now(workspace).services[0].port + 1
    with socket.create_server(("127.0.0.1", port)), pytest.raises(PortTaken, match=f"Port {port}"):
        up(workspace, port_offset=load_settings(workspace).port_offset + 1)
    assert states(now(workspace))["device-service"] == "healthy"


def test_a_refused_up_stops_no_service_and_changes_no_setting(workspace: Workspace) -> None:
    before = load_settings(workspace)
    with pytest.raises(Refused, match="lab down --destroy"):
        up(workspace, rows=ROWS + 1, port_offset=before.port_offset + 1)
    assert load_settings(workspace) == before
    assert states(now(workspace))["device-service"] == "healthy"


def test_a_service_that_the_compose_file_no_longer_has_is_stopped(workspace: Workspace) -> None:
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


@pytest.mark.slow
def test_a_renamed_service_takes_over_the_port(workspace: Workspace) -> None:
    text = workspace.compose_file.read_text()
    workspace.compose_file.write_text(text.replace("device-service:\n", "devices:\n", 1))
    try:
        assert states(up(workspace).status)["devices"] == "healthy"
    finally:
        workspace.compose_file.write_text(text)
    assert states(up(workspace).status)["device-service"] == "healthy"


@pytest.mark.slow
def test_up_moves_the_services_to_other_ports_and_back(workspace: Workspace) -> None:
    before = load_settings(workspace).port_offset
    moved = up(workspace, port_offset=before + 7)
    assert states(moved.status)["device-service"] == "healthy"
    assert moved.status.services[0].port == 5001 + before + 7
    up(workspace, port_offset=before)


@pytest.mark.slow
def test_ports_from_variables_are_saved(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_a_copied_workspace_never_touches_the_originals_lab(workspace: Workspace, tmp_path: Path) -> None:
    copy = Workspace(tmp_path / "copy")
    shutil.copytree(workspace.root, copy.root, ignore=shutil.ignore_patterns("postgres", "lock"))
    (copy.data).mkdir(parents=True)
    with pytest.raises(Refused, match="is a copy of"):
        up(copy)
    with pytest.raises(DatabaseUnreachable, match="is a copy of"):
        workspace_url(copy)
    down(copy, destroy=True)
    assert states(now(workspace))["device-service"] == "healthy"


def test_a_start_that_fails_on_a_nearly_full_disk_says_so(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lab.operations.doctor.NEEDED_DISK", 2**70)

    with pytest.raises(EnvironmentFault, match=r"It failed\. Only .* MiB are free in"):
        up(workspace, progress=raise_at("Starting the services", EnvironmentFault("It failed.")))


@pytest.mark.slow
def test_with_sandbox_the_services_run_behind_walls_until_it_is_taken_back(workspace: Workspace) -> None:
    app = workspace.root / "app" / "device_service" / "__main__.py"
    text = app.read_text()
    look = "import os; print('SEEN', os.getcwd(), os.listdir('.lab'), os.listdir('/'), flush=True)\n"
    try:
        app.write_text(look + text)
        assert states(up(workspace, sandbox=True).status)["device-service"] == "healthy"
        (seen,) = [line for line in tail(workspace.logs / "device-service.log") if line.startswith("SEEN")][
            -1:
        ]
        assert seen.startswith("SEEN /lab [] ")
        assert "'home'" not in seen
        assert load_settings(workspace).sandbox
        assert states(now(workspace))["device-service"] == "healthy"
    finally:
        app.write_text(text)
        up(workspace, sandbox=False)
    assert not load_settings(workspace).sandbox
