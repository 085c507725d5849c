"""The compose file alone brings up the buggy lab, in containers that can do no more than they need."""

from pathlib import Path

import pytest
import requests

from lab.shell import run
from tests.conftest import PROJECT
from tests.containers.composed import Composed

SERVICES = ("device-service", "workflow-service")
MIB = 2**20


@pytest.fixture
def devices(lab: Composed) -> str:
    """device-service's URL, once it is healthy: an earlier test may have killed it."""
    lab.do("up", "--detach", "device-service")
    lab.wait_until_healthy("device-service")
    return lab.url("device-service")


def test_database_is_at_the_buggy_head_with_500_000_logs(lab: Composed) -> None:
    assert lab.state("migrate")["ExitCode"] == 0
    assert lab.ask("SELECT version_num FROM alembic_version") == "0002"
    assert lab.ask("SELECT count(*) FROM execution_logs") == "500000"


def test_device_service_answers_on_its_port(devices: str) -> None:
    answer = requests.get(f"{devices}/health", timeout=10)

    assert answer.json() == {"status": "healthy", "service": "device-service"}


def test_workflow_service_exits_for_want_of_a_variable(lab: Composed) -> None:
    state = lab.wait("workflow-service", lambda state: state["Status"] == "exited")

    assert (state["ExitCode"], state["OOMKilled"]) == (1, False)
    assert "KeyError: 'DEVICE_SERVICE_URL'" in lab.do("logs", "workflow-service").stdout.decode()


def test_the_whole_log_at_once_ends_device_service_out_of_memory(lab: Composed, devices: str) -> None:
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{devices}/execution-logs", timeout=60)

    state = lab.wait("device-service", lambda state: state["Status"] == "exited")
    assert (state["ExitCode"], state["OOMKilled"]) == (137, True)


def test_one_device_is_booked_more_than_once(devices: str) -> None:
    ended = run([PROJECT / "test-race-condition.sh"], env={"DEVICE_URL": devices})

    assert ended.code == 1, ended.stderr.decode()


def test_a_second_up_leaves_the_rows_alone(lab: Composed, devices: str) -> None:
    booking = requests.post(
        f"{devices}/devices/device-02/book", json={"workflow_id": "kept"}, timeout=10
    ).json()

    lab.do("down")
    lab.do("up", "--detach")

    assert lab.state("migrate")["ExitCode"] == 0
    assert lab.ask("SELECT count(*) FROM execution_logs") == "500000"
    assert lab.ask(f"SELECT workflow_id FROM bookings WHERE id = {booking['id']}") == "kept"


def test_an_edit_needs_a_restart_and_no_build(lab: Composed, devices: str, workspace: Path) -> None:
    routes = workspace / "app" / "device_service" / "routes.py"
    shipped = routes.read_text()
    routes.write_text(shipped + '\n\n@blueprint.get("/edited")\ndef edited() -> str:\n    return "seen"\n')
    try:
        lab.do("restart", "device-service")
        lab.wait_until_healthy("device-service")
        assert requests.get(f"{devices}/edited", timeout=10).text == "seen"
    finally:
        routes.write_text(shipped)
        lab.do("restart", "device-service")


def test_a_service_told_to_stop_stops_by_itself(lab: Composed, devices: str) -> None:
    lab.do("stop", "device-service")

    assert lab.state("device-service")["ExitCode"] == 0


@pytest.mark.parametrize("service", SERVICES)
def test_services_have_256_mib_and_no_swap(lab: Composed, service: str) -> None:
    limits = lab.container(service)["HostConfig"]

    assert (limits["Memory"], limits["MemorySwap"]) == (256 * MIB, 256 * MIB)


@pytest.mark.parametrize("service", ["migrate", *SERVICES])
def test_containers_are_not_root_and_cannot_become_it(lab: Composed, service: str) -> None:
    container = lab.container(service)

    assert container["Config"]["User"] == "lab"
    assert container["HostConfig"]["ReadonlyRootfs"]
    assert container["HostConfig"]["CapDrop"] == ["ALL"]
    assert container["HostConfig"]["SecurityOpt"] == ["no-new-privileges:true"]
    assert not any(mount["RW"] for mount in container["Mounts"])


def test_nothing_in_a_service_can_be_written_but_tmp(lab: Composed, devices: str) -> None:
    script = "touch /tmp/it && ! touch /it 2>/dev/null && ! touch /lab/app/it 2>/dev/null && id -u"

    assert lab.do("exec", "-T", "device-service", "sh", "-c", script).stdout.decode() == "10001\n"


@pytest.mark.parametrize("service", ["db", *SERVICES])
def test_ports_are_published_on_the_loopback_address_only(lab: Composed, service: str) -> None:
    published = [
        binding
        for bound in lab.container(service)["HostConfig"]["PortBindings"].values()
        for binding in bound
    ]

    assert [binding["HostIp"] for binding in published] == ["127.0.0.1"]


def test_settings_of_the_server_are_those_of_the_file(lab: Composed) -> None:
    wanted = {
        "shared_preload_libraries": "pg_stat_statements,auto_explain",
        "TimeZone": "UTC",
        "io_method": "sync",
    }

    assert {name: lab.ask(f"SHOW {name}") for name in wanted} == wanted


def test_each_service_has_a_role_that_owns_nothing(lab: Composed) -> None:
    owned = "SELECT count(*) FROM pg_class JOIN pg_roles r ON relowner = r.oid WHERE rolname LIKE '%_service'"

    assert lab.ask("SELECT rolname FROM pg_roles WHERE rolname LIKE '%_service' ORDER BY 1").split() == [
        "device_service",
        "workflow_service",
    ]
    assert lab.ask(owned) == "0"
