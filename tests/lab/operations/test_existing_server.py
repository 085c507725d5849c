"""On a server that lab did not start, it makes databases of its own and changes no other."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.errors import LabError, Refused, UsageError
from lab.operations import fixes
from lab.operations.down import down
from lab.operations.fix_status import fix_status
from lab.operations.ownership import TemporaryDatabase
from lab.operations.reset import reset
from lab.operations.runtimes import runtime_of
from lab.operations.settings import EMBEDDED, Settings, load_settings, save_settings
from lab.operations.status import status
from lab.operations.up import up
from lab.runtime import databases
from lab.workspace import Workspace
from tests.conftest import Server, free_port
from tests.killing import killer
from tests.lab.operations.conftest import copy_shipped, now, raise_at, states

NAMES = ("shop", "shop_template")


@pytest.fixture
def own(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    monkeypatch.setenv("LAB_DATABASE_URL", server.url("shop"))
    found = Workspace(copy_shipped(tmp_path / "workspace"))
    yield found
    down(found)
    for name in NAMES:
        server.drop(name)


@pytest.mark.slow
def test_up_reset_and_down_destroy_leave_no_database(
    own: Workspace, server: Server, port_offset: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = up(own, rows=300, port_offset=port_offset + 100)
    assert done.status.database.rows == 300
    assert states(now(own))["device-service"] == "healthy"
    reset(own)
    monkeypatch.delenv("LAB_DATABASE_URL")  # it is remembered
    assert status(own, runtime_of(own)).database.rows == 300
    down(own, destroy=True)
    assert [name for name in NAMES if databases.exists(server.account, name)] == []


@pytest.mark.slow
def test_a_lab_on_a_vanished_server_can_move_and_be_destroyed(
    own: Workspace, port_offset: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = f"postgresql://lab:lab@127.0.0.1:{free_port()}/shop"
    monkeypatch.delenv("LAB_DATABASE_URL")
    save_settings(own, Settings(port_offset=port_offset + 100, server=gone))
    own_again = up(own, kind=EMBEDDED, rows=300)
    assert own_again.status.database.rows == 300
    down(own, destroy=True)
    save_settings(own, Settings(server=gone))
    done = down(own, destroy=True)
    assert (done.destroyed, "/shop" in done.left) == (True, True)
    assert load_settings(own).server is None


@pytest.mark.slow
def test_another_workspace_with_the_same_database_name_is_refused(
    own: Workspace, server: Server, port_offset: int, tmp_path: Path
) -> None:
    up(own, rows=300, port_offset=port_offset + 100)
    other = Workspace(copy_shipped(tmp_path / "other"))
    with pytest.raises(Refused, match="belongs to the lab in"):
        up(other, port_offset=port_offset + 200)
    with pytest.raises(Refused, match="belongs to the lab in"):
        reset(other)
    with pytest.raises(Refused, match="belongs to the lab in"):
        down(other, destroy=True)
    assert status(own, runtime_of(own)).database.rows == 300


@pytest.mark.slow
def test_a_workspace_that_was_moved_keeps_its_database(
    own: Workspace, port_offset: int, tmp_path: Path
) -> None:
    up(own, rows=300, port_offset=port_offset + 100)
    down(own)
    moved = Workspace(own.root.rename(tmp_path / "moved"))
    assert up(moved).status.database.rows == 300
    newcomer = Workspace(copy_shipped(own.root))
    with pytest.raises(Refused, match="belongs to the lab in"):
        up(newcomer, port_offset=port_offset + 200)
    down(moved, destroy=True)


def test_a_name_too_long_for_its_template_is_refused(
    own: Workspace, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB_DATABASE_URL", server.url("d" * 55))
    with pytest.raises(UsageError, match="longer than 54 bytes"):
        up(own)
    monkeypatch.undo()


@pytest.mark.parametrize("name", NAMES)
def test_a_database_that_lab_did_not_make_is_never_dropped(
    own: Workspace, server: Server, port_offset: int, name: str
) -> None:
    server.create(name)
    with pytest.raises(Refused, match=f"There is a database {name} that this lab did not make"):
        up(own, rows=300, port_offset=port_offset + 100)
    assert databases.exists(server.account, name)


@pytest.mark.slow
def test_the_embedded_server_of_another_workspace_is_refused(
    own: Workspace, port_offset: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LAB_DATABASE_URL")
    up(own, rows=300, port_offset=port_offset + 100)
    other = Workspace(copy_shipped(tmp_path / "other"))
    account = runtime_of(own).account
    monkeypatch.setenv("LAB_DATABASE_URL", account.url("lab"))
    with pytest.raises(Refused, match="belongs to the lab in"):
        up(other, port_offset=port_offset + 200)
    with pytest.raises(Refused, match="belongs to the lab in"):
        down(other, destroy=True)
    monkeypatch.delenv("LAB_DATABASE_URL")
    assert status(own, runtime_of(own)).database.rows == 300
    down(own, destroy=True)


@pytest.mark.slow
@pytest.mark.parametrize("there", ["no server", pytest.param("another database", marks=pytest.mark.slow)])
def test_an_unusable_server_stops_no_running_lab(
    own: Workspace, server: Server, port_offset: int, monkeypatch: pytest.MonkeyPatch, there: str
) -> None:
    server.create("shop")
    port = free_port() if there == "no server" else server.account.port
    monkeypatch.delenv("LAB_DATABASE_URL")
    up(own, rows=300, port_offset=port_offset + 100)
    with monkeypatch.context() as patched:
        patched.setenv("LAB_DATABASE_URL", f"postgresql://lab:lab@127.0.0.1:{port}/shop")
        with pytest.raises(LabError, match="LAB_DATABASE_URL"):
            up(own)
    assert states(now(own))["device-service"] == "healthy"
    down(own, destroy=True)


@pytest.mark.slow
def test_similarly_named_databases_are_never_dropped(
    own: Workspace, server: Server, port_offset: int
) -> None:
    others = [f"shop_{rest}" for rest in ("build", "fresh", "replaced")]
    for name in others:
        server.create(name)
    try:
        up(own, rows=300, port_offset=port_offset + 100)
        reset(own)
        down(own, destroy=True)
        assert sorted(databases.comments(server.account, others)) == others
    finally:
        for name in others:
            server.drop(name)


@pytest.mark.slow
def test_up_drops_what_an_interrupted_up_left(own: Workspace, server: Server, port_offset: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        up(own, rows=300, port_offset=port_offset + 100, progress=raise_at("Migrating", KeyboardInterrupt()))
    up(own, rows=300, port_offset=port_offset + 100)
    assert not databases.comments(server.account, [one.name_for(own) for one in TemporaryDatabase])


@pytest.mark.slow
def test_another_server_gets_the_schema_of_the_code(
    own: Workspace, server: Server, port_offset: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    up(own, rows=300, port_offset=port_offset + 100)
    monkeypatch.delenv("LAB_DATABASE_URL")
    up(own, kind=EMBEDDED, rows=300)
    fixes.apply(own, ["7"])
    monkeypatch.setenv("LAB_DATABASE_URL", server.url("shop"))
    with pytest.raises(KeyboardInterrupt):
        up(own, progress=raise_at("Migrating to the schema", KeyboardInterrupt()))
    up(own)
    assert {str(row.state) for row in fix_status(own).fixes if row.number == 7} == {"present"}
    monkeypatch.delenv("LAB_DATABASE_URL")
    up(own, kind=EMBEDDED)
    down(own, destroy=True)


@pytest.mark.slow
def test_a_killed_change_must_be_recovered_before_the_server_changes(
    own: Workspace, server: Server, port_offset: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    up(own, rows=300, port_offset=port_offset + 100)
    with killer() as kills:
        assert kills.run(own.root, "apply", "5", at=1) == -signal.SIGKILL
    monkeypatch.delenv("LAB_DATABASE_URL")
    with pytest.raises(Refused, match="fix 5 was interrupted in the current lab"):
        up(own, kind=EMBEDDED, rows=300)
    assert load_settings(own).server == server.url("shop")
    fixes.recover(own)
