"""The embedded server: comes up, is found again, survives a kill, and is stopped only when it is ours."""

import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from lab.database import connect
from lab.errors import DatabaseUnreachable, EnvironmentFault
from lab.runtime.account import Account
from lab.runtime.binaries import find_binaries
from lab.runtime.postgres import EmbeddedPostgres
from tests.conftest import free_port


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    home = tmp_path / "a folder with 'quotes' and spaces"
    account = Account(port=free_port(), user="lab", password="pass word")
    server = EmbeddedPostgres(find_binaries(), home, home / "log", account, {"timezone": "UTC"})
    yield server
    server.stop()


def test_start_makes_it_once_and_finds_it_again(postgres: EmbeddedPostgres) -> None:
    postgres.start()
    first = postgres.postmaster()
    postgres.start()
    assert first is not None
    assert postgres.postmaster() == first


def test_it_asks_for_the_password(postgres: EmbeddedPostgres) -> None:
    postgres.start()
    connect(postgres.account.url("postgres")).close()
    with pytest.raises(DatabaseUnreachable, match="password authentication failed"):
        connect(replace(postgres.account, password="wrong").url("postgres"))


def test_it_listens_on_the_loopback_address_only(postgres: EmbeddedPostgres) -> None:
    postgres.start()
    postmaster = postgres.postmaster()
    assert postmaster is not None
    listening = {c.laddr.ip for c in postmaster.net_connections("inet") if c.status == psutil.CONN_LISTEN}
    assert listening == {"127.0.0.1"}


def test_start_works_after_the_postmaster_was_killed(postgres: EmbeddedPostgres) -> None:
    postgres.start()
    postmaster = postgres.postmaster()
    assert postmaster is not None
    os.kill(postmaster.pid, signal.SIGKILL)
    postgres.start()
    assert postgres.running()


def test_a_foreign_process_is_never_taken_for_ours(postgres: EmbeddedPostgres) -> None:
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


def test_a_data_directory_is_whole_or_not_there(
    postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object, **__: object) -> None:
        (postgres.home / "data.unfinished").mkdir()
        (postgres.home / "data.unfinished" / "PG_VERSION").write_text("18\n")
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("lab.runtime.postgres.run", killed)
        with pytest.raises(KeyboardInterrupt):
            postgres.start()
    assert not postgres.data.exists()
    postgres.start()
    assert postgres.running()


def test_one_of_ours_on_another_port_is_moved(postgres: EmbeddedPostgres) -> None:
    postgres.start()
    moved = replace(postgres, account=replace(postgres.account, port=free_port()))
    moved.start()
    assert moved.running()
    assert moved.port_in_use() == moved.account.port


def test_another_server_on_our_port_is_not_ours(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    """Else what is done to the database of one lab would be done to that of another."""
    postgres.start()
    account = replace(postgres.account, port=free_port())
    other = EmbeddedPostgres(find_binaries(), tmp_path / "other", tmp_path / "log", account, {})
    other.start()
    try:
        assert not replace(postgres, account=account).running()
    finally:
        other.stop()


def test_a_changed_password_is_told_from_a_server_that_is_down(postgres: EmbeddedPostgres) -> None:
    postgres.start()
    postgres.stop()
    with pytest.raises(EnvironmentFault, match="does not know its owner lab by this password"):
        replace(postgres, account=replace(postgres.account, password="other")).start()


def test_a_password_of_any_characters_is_one(tmp_path: Path) -> None:
    account = Account(free_port(), "lab", "a/b%c@d:e f")
    server = EmbeddedPostgres(find_binaries(), tmp_path / "home", tmp_path / "log", account, {})
    try:
        server.start()
        assert server.running()
    finally:
        server.stop()


def test_a_start_that_fails_says_what_the_server_said(postgres: EmbeddedPostgres) -> None:
    broken = replace(postgres, settings={"shared_buffers": "no number"})
    with pytest.raises(EnvironmentFault, match="shared_buffers"):
        broken.start()
