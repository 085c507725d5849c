"""What can go wrong with an engine, and what is left behind then: one sentence, exit code 4, nothing else."""

import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.errors import EnvironmentFault, PortTaken
from lab.operations.runtimes import runtime_of
from lab.operations.settings import Settings, load_settings
from lab.operations.up import up
from lab.progress import Update
from lab.shell import run
from tests.containers.doors import door
from tests.containers.engine import Engine
from tests.containers.labs import Lab, lab_in

ROWS = 1000


@pytest.fixture
def lab(docker: Engine, tmp_path: Path, port_offset: int) -> Iterator[Lab]:
    with lab_in(tmp_path / "workspace", port_offset, docker) as made:
        yield made


def test_no_engine(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
        with pytest.raises(EnvironmentFault, match=r"No Docker Engine answers: .*lab up --embedded"):
            lab.up(rows=ROWS)

    assert load_settings(lab.workspace) == Settings()
    assert lab.everything() == []


def test_no_engine_leaves_the_embedded_lab_running(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.up(kind="embedded", rows=ROWS)
    with monkeypatch.context() as patch:
        patch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
        with pytest.raises(EnvironmentFault, match="No Docker Engine answers"):
            lab.up()

    assert lab.states()["device-service"] == "healthy"


@pytest.mark.parametrize("stage", ["Building", "Starting PostgreSQL", "Migrating", "Starting the services"])
def test_an_engine_that_stops_half_way(
    lab: Lab, stage: str, docker: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with door(tmp_path / "door", docker.host) as engine, monkeypatch.context() as patch:
        patch.setenv("DOCKER_HOST", engine.host)

        def stop(reached: Update) -> None:
            if reached.text.startswith(stage):
                if stage == "Migrating":
                    lab.project.docker("kill", lab.ids()["db"])
                engine.shut()

        with pytest.raises(EnvironmentFault):
            up(lab.workspace, kind="docker", rows=ROWS, port_offset=lab.port_offset, progress=stop)
        assert not lab.workspace.database_url_file.exists()

    # The engine is there again.
    assert lab.up(rows=ROWS).status.database.rows == ROWS
    assert lab.states()["device-service"] == "healthy"


def test_a_taken_port_stops_it_before_anything_is_made(lab: Lab) -> None:
    wanted = Settings("docker", lab.port_offset)
    port = runtime_of(lab.workspace, wanted).ports["device-service"]
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(PortTaken, match=f"Port {port}, which device-service asks for"),
    ):
        lab.up(rows=ROWS)

    assert lab.everything() == []


def test_a_port_that_is_taken_in_the_last_moment(lab: Lab) -> None:
    port = runtime_of(lab.workspace, Settings("docker", lab.port_offset)).ports["device-service"]
    taken: list[socket.socket] = []

    def take(reached: Update) -> None:
        if reached.text == "Starting the services":
            taken.append(socket.create_server(("127.0.0.1", port)))

    try:
        with pytest.raises(EnvironmentFault, match=f"compose up failed: .*{port}"):
            up(lab.workspace, kind="docker", rows=ROWS, port_offset=lab.port_offset, progress=take)
        assert (lab.held("ps", "--all"), lab.held("network", "ls")) == ([], [])
    finally:
        for one in taken:
            one.close()


def test_a_build_that_fails(lab: Lab) -> None:
    dockerfile = lab.root / "compose" / "Dockerfile"
    dockerfile.write_text(f"{dockerfile.read_text()}\nRUN false\n")
    before = lab.project.docker("ps", "--all", "--quiet").stdout

    with pytest.raises(EnvironmentFault, match=r"compose build failed: .*compose/docker-compose\.yml build"):
        lab.up(rows=ROWS)

    assert lab.everything() == []
    assert lab.project.docker("ps", "--all", "--quiet").stdout == before


def test_a_database_that_does_not_start(lab: Lab) -> None:
    file = lab.workspace.compose_file
    file.write_text(file.read_text().replace('"timezone=UTC"', '"timezone=Nowhere"'))

    with pytest.raises(EnvironmentFault, match=r"PostgreSQL did not start in its container: .*TimeZone"):
        lab.up(rows=ROWS)

    assert lab.everything() == []


def test_the_command_says_it_in_one_sentence(lab: Lab) -> None:
    finished = run(
        [sys.executable, "-m", "lab", "-C", lab.root, "up", "--docker"],
        env={"DOCKER_HOST": "unix:///nowhere/docker.sock"},
    )

    said = finished.stderr.decode()
    assert (finished.code, finished.stdout) == (4, b"")
    assert said.splitlines()[-1].startswith("lab: No Docker Engine answers")
    assert "Traceback" not in said
