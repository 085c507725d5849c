"""`down` stops every process and keeps the data."""

import shutil

import pytest

from lab.operations.down import down
from lab.operations.reset import reset
from lab.operations.up import up
from lab.workspace import Workspace
from tests.lab.operations.conftest import execute, living_in, now

pytestmark = pytest.mark.usefixtures("lab")


def test_down_leaves_no_process_and_keeps_the_data(workspace: Workspace) -> None:
    execute(workspace, "DELETE FROM execution_logs WHERE id > 900")
    stopped = down(workspace)
    assert stopped.services == ("device-service",)
    assert stopped.database
    assert living_in(workspace.root) == []
    up(workspace)
    assert now(workspace).database.rows == 900
    reset(workspace)


def test_a_second_down_does_nothing(workspace: Workspace) -> None:
    down(workspace)
    assert down(workspace).services == ()


@pytest.mark.parametrize("lost", ["the records", "the name of the server's process"])
def test_down_finds_the_processes_when_their_records_are_lost(workspace: Workspace, lost: str) -> None:
    if lost == "the records":
        shutil.rmtree(workspace.service_records)
    else:
        (workspace.data / "postmaster.pid").write_text("garbage")
    down(workspace)
    assert living_in(workspace.root) == []


def test_no_service_counts_as_crashed_after_down(workspace: Workspace) -> None:
    down(workspace)
    assert now(workspace).crashed == ()


def test_down_works_with_a_damaged_compose_file(workspace: Workspace) -> None:
    text = workspace.compose_file.read_text()
    workspace.compose_file.write_text("services: [")
    try:
        down(workspace)
        assert living_in(workspace.root) == []
    finally:
        workspace.compose_file.write_text(text)
