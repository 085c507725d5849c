"""`down` stops every process and keeps the data."""

import shutil

import pytest

from lab.operations.down import down
from lab.operations.reset import reset
from lab.operations.up import up
from lab.workspace import Workspace
from tests.lab.operations.conftest import execute, living_in, now

pytestmark = pytest.mark.usefixtures("lab")


def test_down_leaves_no_process_and_keeps_the_data_and_a_second_one_does_nothing(
    workspace: Workspace,
) -> None:
    execute(workspace, "DELETE FROM execution_logs WHERE id > 400")
    stopped = down(workspace)
    assert stopped.services == ("device-service",)
    assert stopped.database
    assert living_in(workspace.root) == []
    assert now(workspace).crashed == ()
    assert down(workspace).services == ()
    up(workspace)
    assert now(workspace).database.rows == 400
    reset(workspace)


def test_down_finds_services_and_server_when_their_records_are_lost(
    workspace: Workspace,
) -> None:
    shutil.rmtree(workspace.service_records)
    (workspace.data / "postmaster.pid").write_text("garbage")
    down(workspace)
    assert living_in(workspace.root) == []


def test_down_works_with_a_damaged_compose_file(workspace: Workspace) -> None:
    text = workspace.compose_file.read_text()
    workspace.compose_file.write_text("services: [")
    try:
        down(workspace)
        assert living_in(workspace.root) == []
    finally:
        workspace.compose_file.write_text(text)
