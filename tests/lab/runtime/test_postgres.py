"""The embedded server starts, is found again, recovers from a kill, and no other process is stopped."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from lab.database import connect
from lab.errors import DatabaseUnreachable, EnvironmentFault
from lab.runtime import data_directory
from lab.runtime.account import Account
from lab.runtime.binaries import find_binaries
from lab.runtime.postgres import EmbeddedPostgres
from tests.conftest import free_port

PASSWORD = "a/b%c@d:e f"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory that no server has used yet."""
    path = tmp_path_factory.mktemp("made") / "data"
    data_directory.make(path, find_binaries(), Account(0, "lab", PASSWORD))
    return path


def server_of(data: Path, home: Path) -> EmbeddedPostgres:
    """Return a server, not started, on a copy of the data directory in the folder `home`."""
    shutil.copytree(data, home / "data")
    account = Account(port=free_port(), user="lab", password=PASSWORD)
    return EmbeddedPostgres(find_binaries(), home, home / "log", account, {"timezone": "UTC"})


@pytest.fixture
def postgres(tmp_path: Path, data: Path) -> Iterator[EmbeddedPostgres]:
    server = server_of(data, tmp_path / "a folder with 'quotes' and spaces")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Iterator[EmbeddedPostgres]:
    """A server that runs. A test leaves it so."""
    server = server_of(data, tmp_path_factory.mktemp("running") / "home")
    try:
        server.start()
        yield server
    finally:
        server.stop()


def test_a_second_start_finds_the_running_server(running: EmbeddedPostgres) -> None:
    first = running.postmaster()
    running.start()
    assert first is not None
    assert running.postmaster() == first


def test_the_server_requires_the_password_which_may_contain_special_characters(
    running: EmbeddedPostgres,
) -> None:
    connect(running.account.url("postgres")).close()
    with pytest.raises(DatabaseUnreachable, match="password authentication failed"):
        connect(replace(running.account, password="wrong").url("postgres"))


def test_the_server_listens_on_loopback_only(running: EmbeddedPostgres) -> None:
    postmaster = running.postmaster()
    assert postmaster is not None
    listening = {c.laddr.ip for c in postmaster.net_connections("inet") if c.status == psutil.CONN_LISTEN}
    assert listening == {"127.0.0.1"}


def test_the_server_starts_after_its_postmaster_was_killed(postgres: EmbeddedPostgres) -> None:
    postgres.start()
    postmaster = postgres.postmaster()
    assert postmaster is not None
    os.kill(postmaster.pid, signal.SIGKILL)
    postgres.start()
    assert postgres.running()


def test_another_process_with_the_recorded_pid_is_not_the_server(postgres: EmbeddedPostgres) -> None:
    postgres.start()
    postgres.stop()
    (postgres.data / "postmaster.pid").write_text(f"{os.getpid()}\n{postgres.data}\n")
    assert postgres.postmaster() is None
    postgres.stop()  # does not signal this test's own process
    postgres.start()
    assert postgres.running()


def test_a_shell_in_the_data_directory_is_not_the_server(postgres: EmbeddedPostgres) -> None:
    postgres.start()
    postgres.stop()
    with subprocess.Popen(["sleep", "60"], cwd=postgres.data) as shell:
        assert postgres.postmaster() is None
        postgres.stop()
        assert shell.poll() is None
        shell.kill()


def test_a_server_on_another_port_is_restarted_on_the_right_one(postgres: EmbeddedPostgres) -> None:
    postgres.start()
    moved = replace(postgres, account=replace(postgres.account, port=free_port()))
    moved.start()
    assert moved.running()
    assert moved.port_in_use() == moved.account.port


def test_a_server_of_another_folder_is_not_ours(
    running: EmbeddedPostgres, postgres: EmbeddedPostgres
) -> None:
    """Otherwise one lab would change the database of another."""
    postgres.start()
    assert postgres.running()
    assert not replace(running, account=postgres.account).running()


def test_a_changed_password_is_reported_as_such(postgres: EmbeddedPostgres) -> None:
    postgres.start()
    postgres.stop()
    with pytest.raises(EnvironmentFault, match="refuses its owner lab"):
        replace(postgres, account=replace(postgres.account, password="other")).start()


def test_the_error_of_a_failed_start_quotes_the_log(postgres: EmbeddedPostgres) -> None:
    broken = replace(postgres, settings={"shared_buffers": "no number"})
    with pytest.raises(EnvironmentFault, match="shared_buffers"):
        broken.start()
