"""`lab up --docker`: the same commands, the same lab, in containers that a real engine runs."""

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from lab.operations import fixes, inspect
from lab.operations.down import down
from lab.operations.fix_status import fix_status
from lab.operations.reset import reset
from lab.operations.runtimes import runtime_of
from lab.operations.settings import Settings
from lab.operations.up import up as bring_up
from lab.shell import Finished, run
from tests.containers.engine import Engine
from tests.containers.labs import Lab, lab_in
from tests.measuring import numbers

Command = Callable[..., Finished]
EVERY_FIX = sorted(numbers().values())


@pytest.fixture(scope="module")
def lab(docker: Engine, tmp_path_factory: pytest.TempPathFactory, port_offset: int) -> Iterator[Lab]:
    with lab_in(tmp_path_factory.mktemp("lab") / "a work space", port_offset, docker) as made:
        assert made.up().seeded
        yield made


@pytest.fixture
def up(lab: Lab) -> Lab:
    """The lab, brought up again if an earlier test took some of it down."""
    lab.up(kind=None)
    return lab


@pytest.fixture
def command(lab: Lab) -> Command:
    def call(*words: str, code: int = 0) -> Finished:
        finished = run([sys.executable, "-m", "lab", "-C", str(lab.root), *words], timeout=300)
        assert finished.code == code, finished.stderr.decode()
        return finished

    return call


def ask(lab: Lab, query: str) -> str:
    argv, environment = inspect.psql(lab.workspace, ("-At", "-c", query))
    return run(argv, env=environment).stdout.decode().strip()


def test_it_is_the_buggy_lab(up: Lab) -> None:
    report = up.now()

    assert up.states() == {"device-service": "healthy", "workflow-service": "exited"}
    assert report.runtime == "docker"
    assert (report.database.revision, report.database.rows) == ("0002", 500_000)
    log = inspect.logs(up.workspace, "workflow-service", lines=1, follow=False)
    assert list(log) == ["KeyError: 'DEVICE_SERVICE_URL'"]


def test_status_shows_memory_against_the_limit(up: Lab) -> None:
    (device, _) = up.now().services

    assert device.memory_limit == 256 * 2**20
    assert device.memory is not None
    assert 10 * 2**20 < device.memory < device.memory_limit


def test_up_again_leaves_what_runs_alone_and_remembers_the_choice(up: Lab, command: Command) -> None:
    before = up.ids()

    done = json.loads(command("up", "--json").stdout)

    assert (done["status"]["runtime"], done["seeded"]) == ("docker", False)
    assert up.ids() == before


def test_running_out_of_memory_is_shown_and_up_brings_the_service_back(up: Lab, command: Command) -> None:
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{up.url('device-service')}/execution-logs", timeout=60)

    said = command("status").stdout.decode()
    assert "exit 137, out of memory: its limit is 256 MiB" in said
    up.up(kind=None)
    assert up.states()["device-service"] == "healthy"


@pytest.mark.parametrize("number", EVERY_FIX)
def test_a_fix_goes_on_and_off_with_a_restart(up: Lab, number: int) -> None:
    before = up.ids()

    applied = fixes.apply(up.workspace, [str(number)])

    assert applied.restarted
    states = {row.number: row.state.value for row in fix_status(up.workspace).fixes}
    assert states == {n: "present" if n == number else "absent" for n in EVERY_FIX}
    assert up.states() == {
        "device-service": "healthy",
        "workflow-service": "healthy" if number == 1 else "exited",
    }
    fixes.revert(up.workspace, [str(number)])
    assert {row.state.value for row in fix_status(up.workspace).fixes} == {"absent"}
    assert up.states() == {"device-service": "healthy", "workflow-service": "exited"}
    # Only a changed compose file makes a container anew, and only the one whose part of it changed.
    same = {name for name, id in up.ids().items() if before[name] == id}
    assert same == ({"db", "device-service"} if number == 1 else {"db", "device-service", "workflow-service"})


def test_applied_fixes_outlive_down_and_reset(up: Lab) -> None:
    fixes.apply(up.workspace, ["1", "5"])
    try:
        down(up.workspace)
        up.up(kind=None)
        assert reset(up.workspace).fixes == (1, 5)
        assert up.states() == {"device-service": "healthy", "workflow-service": "healthy"}
    finally:
        fixes.revert(up.workspace, ["all"])


def test_an_edit_is_seen_after_a_restart(up: Lab, command: Command) -> None:
    routes = up.root / "app" / "device_service" / "routes.py"
    shipped = routes.read_text()
    routes.write_text(shipped + '\n\n@blueprint.get("/edited")\ndef edited() -> str:\n    return "seen"\n')
    try:
        command("restart", "device-service")
        assert requests.get(f"{up.url('device-service')}/edited", timeout=10).text == "seen"
    finally:
        routes.write_text(shipped)
        command("restart", "device-service")


def test_reset_brings_the_rows_back_and_the_services_stay(up: Lab) -> None:
    before = up.ids()
    ask(up, "DELETE FROM execution_logs")

    done = reset(up.workspace)

    assert ask(up, "SELECT count(*) FROM execution_logs") == "500000"
    assert (done.revision, up.ids()) == ("0002", before)
    assert up.states()["device-service"] == "healthy"


def test_psql_and_url_lead_to_the_lab(up: Lab, command: Command) -> None:
    assert command("psql", "-At", "-c", "SELECT count(*) FROM devices").stdout == b"20\n"
    url = command("url", "device-service").stdout.decode().strip()
    assert requests.get(f"{url}/health", timeout=10).json()["status"] == "healthy"


def test_psql_in_the_container_serves_where_the_machine_has_none(
    up: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker = shutil.which("docker")
    assert docker is not None
    (tmp_path / "docker").symlink_to(docker)
    for variable in ("PATH", "LAB_PG_BIN"):
        monkeypatch.setenv(variable, str(tmp_path))

    assert ask(up, "SELECT current_database()") == "lab"


def test_logs_of_everything_name_the_service_on_each_line(up: Lab, command: Command) -> None:
    lines = command("logs", "-n", "5").stdout.decode().splitlines()

    assert {line.partition(" | ")[0].strip() for line in lines} == {
        "db",
        "device-service",
        "workflow-service",
    }


def test_plain_alembic_works_in_the_workspace(up: Lab) -> None:
    finished = run([sys.executable, "-m", "alembic", "check"], cwd=up.root)

    assert finished.code == 0, finished.stderr.decode()


@pytest.mark.parametrize("victim", ["db", "device-service"])
def test_up_works_after_a_kill(up: Lab, victim: str) -> None:
    up.project.docker("kill", up.ids()[victim])

    up.up(kind=None)

    assert up.states()["device-service"] == "healthy"
    assert up.now().database.rows == 500_000


def test_a_changed_environment_is_taken_up(up: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SQLALCHEMY_ECHO", "true")
    up.up(kind=None)
    requests.get(f"{up.url('device-service')}/devices", timeout=10)

    log = inspect.logs(up.workspace, "device-service", lines=50, follow=False)
    assert any("SELECT devices.id" in line for line in log)


def test_down_leaves_only_the_data_and_up_keeps_it(up: Lab, command: Command) -> None:
    ask(up, "DELETE FROM execution_logs WHERE id > 499900")

    command("down")

    assert (up.held("ps", "--all"), up.held("network", "ls")) == ([], [])
    assert len(up.held("volume", "ls")) == 1
    up.up(kind=None)
    assert ask(up, "SELECT count(*) FROM execution_logs") == "499900"
    reset(up.workspace)


def test_down_works_with_a_damaged_compose_file(up: Lab) -> None:
    text = up.workspace.compose_file.read_text()
    up.workspace.compose_file.write_text("services: [")
    try:
        down(up.workspace)
        assert up.held("ps", "--all") == []
    finally:
        up.workspace.compose_file.write_text(text)


def test_a_database_of_another_lab_on_our_ports_is_not_taken_for_ours(up: Lab) -> None:
    down(up.workspace)
    up.up(kind="embedded", rows=1000)
    try:
        other = Settings("docker", up.port_offset)
        assert not runtime_of(up.workspace, other).database_running()
    finally:
        up.up(kind="docker")


def test_each_runtime_keeps_its_own_data_and_one_runs_at_a_time(up: Lab) -> None:
    said: list[str] = []
    done = bring_up(up.workspace, kind="embedded", progress=lambda stage: said.append(stage.text))
    try:
        assert "Stopping the docker lab (its data is kept; to use it again: lab up --docker)" in said
        assert done.status.database.rows == 1000
        assert up.held("ps", "--all") == []
    finally:
        back = up.up(kind="docker")
    assert (back.status.database.rows, back.seeded) == (500_000, False)


def test_fixes_go_along_to_the_other_runtime(up: Lab) -> None:
    fixes.apply(up.workspace, ["5"])
    try:
        up.up(kind="embedded")
        assert {row.number for row in fix_status(up.workspace).fixes if row.state.value == "present"} == {5}
        fixes.revert(up.workspace, ["5"])
    finally:
        up.up(kind="docker")
    assert {row.state.value for row in fix_status(up.workspace).fixes} == {"absent"}


def test_the_compose_projects_own_folder_is_of_no_account(up: Lab) -> None:
    names = {one.name for one in up.project.containers()}

    assert all(name.startswith(up.project.name) for name in names)
