"""`lab up` and `restart`: what they refuse, and what they leave as it was."""

import json
import sys

import pytest

from lab.shell import run
from lab.workspace import Workspace
from tests.lab.cli.conftest import Command


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["up", "--rows", "0"], 2, "--rows"),
        (["up", "--rows", "-1"], 2, "--rows"),
        (["up", "--rows", "many"], 2, "--rows"),
        (["up", "--rows", "2000"], 3, "lab down --destroy"),
        (["up", "--port-offset", "99999"], 2, "--port-offset"),
    ],
)
def test_bad_input_is_one_sentence_and_its_exit_code(
    up: None, here: Command, words: list[str], code: int, message: str
) -> None:
    finished = here(*words)
    assert finished.code == code
    assert message in finished.stderr.decode()
    assert finished.stdout == b""


def test_plain_alembic_works_without_any_variable(up: None, workspace: Workspace) -> None:
    finished = run([sys.executable, "-m", "alembic", "check"], cwd=workspace.root)
    assert finished.code == 0, finished.stderr.decode()
    assert b"No new upgrade operations" in finished.stdout


def test_a_damaged_compose_file_is_named_with_its_problem(
    up: None, workspace: Workspace, command: Command
) -> None:
    text = workspace.compose_file.read_text()
    workspace.compose_file.write_text(text.replace("mem_limit", "memory_limit"))
    try:
        finished = command("up")
    finally:
        workspace.compose_file.write_text(text)
    assert finished.code == 2
    assert "services.device-service.memory_limit: the lab does not know this key" in finished.stderr.decode()
    assert json.loads(command("status", "--json").stdout)["services"][0]["state"] == "healthy"


def test_a_folder_that_cannot_be_written_is_a_problem_of_the_environment(
    command: Command, workspace: Workspace, tmp_path_factory: pytest.TempPathFactory, port_offset: int
) -> None:
    root = tmp_path_factory.mktemp("readonly")
    for name in ("app", "compose", "migrations", "alembic.ini"):
        (root / name).symlink_to(workspace.root / name)
    (root / ".lab").write_text("a file instead of a folder")
    finished = command("up", "--rows", "10", "--port-offset", str(port_offset + 51), folder=root)
    assert finished.code == 4
    assert "cannot be written" in finished.stderr.decode()
