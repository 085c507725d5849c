"""Services get the environment of the compose file, and nothing of the caller's shell."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from lab import compose
from lab.runtime.account import Account
from lab.runtime.database_service import account_of, database_of, server_settings
from lab.runtime.launch import Launch
from lab.runtime.stack import Stack, instances_of
from tests.conftest import PROJECT

SHIPPED = compose.read(PROJECT / "compose" / "docker-compose.yml", {})


def stack(folder: Path, offset: int = 0) -> Stack:
    account = Account(port=6000, user="lab", password="lab")
    return Stack(folder, instances_of(SHIPPED, offset), account, "other", folder / "records", folder / "logs")


def launch(folder: Path, name: str, offset: int = 0) -> Launch:
    return stack(folder, offset).launch(name)


def test_the_stack_has_neither_the_database_nor_the_job(tmp_path: Path) -> None:
    assert stack(tmp_path).names() == ("device-service", "workflow-service")


def test_the_database_url_has_the_real_address(tmp_path: Path) -> None:
    environment = launch(tmp_path, "device-service").environment
    url = "postgresql+psycopg2://device_service:device_service@127.0.0.1:6000/other"
    assert environment["DATABASE_URL"] == url


def test_an_offset_applies_to_all_ports_and_names(tmp_path: Path) -> None:
    environment = launch(tmp_path, "workflow-service", offset=100).environment
    assert environment["PORT"] == "5103"
    network = json.loads(environment["LAB_NETWORK"])
    assert network["names"]["device-service:5001"] == 5101
    assert network["own"] == [5003, 5103]


def test_variables_of_the_callers_shell_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEVICE_SERVICE_URL", "http://device-service:5001")
    monkeypatch.setenv("HOST", "0.0.0.0")
    environment = launch(tmp_path, "workflow-service").environment
    assert "DEVICE_SERVICE_URL" not in environment
    assert environment["HOST"] == "127.0.0.1"


def test_a_service_is_not_outdated_because_the_caller_has_another_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = stack(tmp_path)
    one = launch(tmp_path, "device-service")
    monkeypatch.setenv("PATH", "/elsewhere")
    other = launch(tmp_path, "device-service")
    assert one != other
    assert own.starts_the_same(one, other)
    assert not own.starts_the_same(one, replace(other, code="other"))
    assert not own.starts_the_same(one, replace(other, environment={**other.environment, "A": "1"}))


def test_the_memory_limit_is_the_files(tmp_path: Path) -> None:
    assert launch(tmp_path, "device-service").memory_limit == 256 * 2**20


def test_account_and_settings_of_the_server_come_from_the_file() -> None:
    assert account_of(SHIPPED, 7) == Account(5449, "lab", "lab")
    assert database_of(SHIPPED) == "lab"
    settings = server_settings(SHIPPED, 18)
    assert settings["shared_preload_libraries"] == "pg_stat_statements,auto_explain"
    assert settings["io_method"] == "sync"


def test_an_older_server_gets_no_setting_that_it_lacks() -> None:
    assert "io_method" not in server_settings(SHIPPED, 17)
