"""`lab status`, `logs`, `psql`, `url` and `doctor`: what they print."""

import json
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from lab.operations import inspect
from lab.workspace import Workspace
from tests.lab.cli.conftest import Command
from tests.lab.operations.conftest import ROWS


def test_status_shows_what_runs_what_crashed_and_where_its_log_is(up: None, here: Command) -> None:
    text = here("status").stdout.decode()
    assert f"{ROWS} rows in execution_logs" in text
    assert "revision 0002" in text
    assert "workflow-service has crashed. Its log: lab logs workflow-service" in text
    assert "Fixes applied: none." in text


def test_status_as_json_has_the_same(up: None, here: Command) -> None:
    report = json.loads(here("status", "--json").stdout)
    assert report["database"]["rows"] == ROWS
    services = {service["name"]: service for service in report["services"]}
    assert services["device-service"]["state"] == "healthy"
    assert services["workflow-service"]["exit_code"] == 1
    assert {fix["state"] for fix in report["fixes"]["fixes"]} == {"absent"}


def test_logs_show_the_crash(up: None, here: Command) -> None:
    lines = here("logs", "workflow-service").stdout.decode().splitlines()
    assert lines[-1] == "KeyError: 'DEVICE_SERVICE_URL'"


def test_all_logs_name_the_service_on_each_line(up: None, here: Command) -> None:
    lines = here("logs").stdout.decode().splitlines()
    names = {line.partition(" | ")[0].strip() for line in lines}
    assert names <= {"db", "device-service", "workflow-service"}
    assert "workflow-service" in names


def test_followed_logs_show_new_lines_and_end_on_interrupt(up: None, workspace: Workspace) -> None:
    follow = subprocess.Popen(
        [sys.executable, "-m", "lab", "logs", "device-service", "-f", "-n", "0"],
        cwd=workspace.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    log = workspace.logs / "device-service.log"
    with follow, log.open("a") as file:
        assert follow.stdout is not None
        deadline = time.monotonic() + 20
        os.set_blocking(follow.stdout.fileno(), False)
        seen = b""
        while b"a new line" not in seen and time.monotonic() < deadline:
            file.write("a new line\n")
            file.flush()
            time.sleep(0.2)
            seen += follow.stdout.read() or b""
        follow.send_signal(signal.SIGINT)
        assert follow.wait(20) == 130
    assert b"a new line" in seen


def test_psql_accepts_its_own_options_for_another_host_role_or_database(up: None, command: Command) -> None:
    identity = "SELECT current_user || ' in ' || current_database()"
    assert command("psql", "-d", "template1", "-Atc", identity).stdout == b"lab in template1\n"
    refused = command("psql", "-U", "device_service", "-Atc", identity, PGPASSWORD="ignored")
    assert b'authentication failed for user "device_service"' in refused.stderr
    assert b"/nowhere" in command("psql", "-h", "/nowhere").stderr


def test_the_password_is_in_no_command_line(up: None, workspace: Workspace) -> None:
    argv, environment = inspect.psql(workspace, ())
    assert (len(argv), environment["PGUSER"]) == (1, "lab")
    assert environment["PGPASSWORD"] in inspect.urls(workspace, "db")["db"]


def test_psql_connects_as_the_owner_and_on_request_as_the_superuser(
    up: None, command: Command, here: Command
) -> None:
    who = "SELECT rolname, rolsuper FROM pg_roles WHERE rolname = current_user"
    as_owner = command("psql", "-Atc", who)
    assert (as_owner.code, as_owner.stdout) == (0, b"lab|f\n")
    assert command("psql", "--superuser", "-Atc", who).stdout == b"postgres|t\n"
    assert b"//lab:" in here("url", "db").stdout
    assert b"//postgres:" in here("url", "db", "--superuser").stdout


def test_url_prints_a_url_that_accepts_connections(up: None, here: Command) -> None:
    url = here("url", "device-service").stdout.decode().strip()
    host, _, port = url.removeprefix("http://").partition(":")
    socket.create_connection((host, int(port)), timeout=5).close()
    assert json.loads(here("url", "--json").stdout)["device-service"] == url


def test_doctor_finds_what_the_lab_needs(up: None, here: Command) -> None:
    finished = here("doctor", "--json")
    checks = {check["name"]: check for check in json.loads(finished.stdout)}
    assert finished.code == 0  # containers are optional
    assert checks["PostgreSQL"]["ok"]
    assert checks["git"]["ok"]


@pytest.mark.parametrize("verb", ["logs", "url", "restart", "run"])
def test_an_unknown_service_is_refused_with_the_names_of_the_others(
    up: None, here: Command, verb: str
) -> None:
    finished = here(verb, "ghost")
    assert (finished.code, finished.stdout) == (2, b"")
    (line,) = finished.stderr.decode().splitlines()
    assert line.startswith("lab: There is no service 'ghost'. The services are ")
    assert "device-service" in line
