"""The status distinguishes crashed, hanging and stopped, and never waits long."""

import os
import signal
from contextlib import closing

import pytest

from lab.database import connect
from lab.operations import status as status_module
from lab.operations.runtimes import runtime_of
from lab.operations.status import status
from lab.operations.up import up
from lab.runtime import databases
from lab.runtime.ending import wait_for_end
from lab.runtime.launch import read_record
from lab.workspace import Workspace
from tests.lab.operations.conftest import ROWS, now

pytestmark = pytest.mark.usefixtures("lab")


def test_a_service_without_its_guard_is_reported(workspace: Workspace) -> None:
    record = read_record(workspace.service_records, "device-service")
    assert record is not None
    os.kill(record.guard.pid, signal.SIGKILL)
    assert wait_for_end(record.guard, 5)
    assert "its memory" in (now(workspace).services[0].reason or "")
    up(workspace)
    service = now(workspace).services[0]
    assert (service.state, service.reason) == ("healthy", None)


def test_a_service_that_hangs_is_unresponsive_not_crashed(workspace: Workspace) -> None:
    record = read_record(workspace.service_records, "device-service")
    assert record is not None
    os.kill(record.child.pid, signal.SIGSTOP)
    try:
        report = status(workspace, runtime_of(workspace))
        assert [service.name for service in report.unresponsive] == ["device-service"]
    finally:
        os.kill(record.child.pid, signal.SIGCONT)


def test_status_does_not_wait_for_a_locked_table(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    shorter = status_module.LIMIT_WAITING.replace("lock_timeout = '2s'", "lock_timeout = '50ms'")
    monkeypatch.setattr(status_module, "LIMIT_WAITING", shorter)
    with closing(connect(runtime_of(workspace).url)) as connection, connection.cursor() as cursor:
        connection.autocommit = False
        cursor.execute("LOCK TABLE execution_logs IN ACCESS EXCLUSIVE MODE")
        report = now(workspace).database
        connection.rollback()
    assert (report.running, report.rows, report.revision) == (True, None, "0002")


def test_a_missing_database_is_a_problem_of_a_running_server(workspace: Workspace) -> None:
    runtime = runtime_of(workspace)
    databases.drop(runtime.account, runtime.database)
    report = status(workspace, runtime_of(workspace)).database
    assert report.running
    assert "does not exist" in (report.problem or "")
    up(workspace)
    assert now(workspace).database.rows == ROWS
