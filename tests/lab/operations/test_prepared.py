"""A prepared server holds what the library ships, once for all labs, and with enough rows to measure."""

import subprocess
import sys
from pathlib import Path

import pytest

from lab.errors import EnvironmentFault, InvalidFile
from lab.library import Library
from lab.operations import prepared
from lab.operations.ownership import Dataset
from lab.operations.prepared import CACHE_VARIABLE, prepared_server
from lab.probing.connection import open_connection
from lab.profile import profile_of
from lab.progress import Update, silent
from lab.shadow import leftovers
from lab.shadow.server import start_server
from lab.workspace import Workspace
from tests.conftest import PROJECT
from tests.lab.operations.conftest import living_in
from tests.measuring import copy_library, database_at

ROWS = 700


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "any", Library(PROJECT))


@pytest.mark.slow
def test_one_to_measure_has_rows_that_were_inserted_before_the_oldest(
    workspace: Workspace, tmp_path: Path
) -> None:
    top_up = profile_of(workspace).top_up
    assert top_up is not None
    reserved = leftovers.reserve(tmp_path / "run")
    try:
        server = start_server(prepared_server(workspace, Dataset(ROWS), silent, to_measure=True), reserved)
        with open_connection(database_at(server.url)) as connection:
            assert connection.value("SELECT count(*) FROM execution_logs") == top_up.rows
            inserted = connection.value("SELECT count(*) FROM execution_logs WHERE id < 1")
            assert inserted == top_up.rows - ROWS
            assert connection.value(
                "SELECT max(started_at) FILTER (WHERE id < 1) < min(started_at) FILTER (WHERE id >= 1)"
                " FROM execution_logs"
            )
    finally:
        leftovers.remove(reserved)


def test_it_is_made_once(workspace: Workspace) -> None:
    first = prepared_server(workspace, Dataset(500), silent)
    said: list[Update] = []
    assert prepared_server(workspace, Dataset(500), said.append) == first
    assert said == []


@pytest.mark.parametrize(
    ("old", "new", "error", "message"),
    [
        (
            'table = "execution_logs"\nrows',
            'table = "logs"\nrows',
            InvalidFile,
            "measurement.table: 'logs' is not in the database",
        ),
        (
            '"seed.top_up"',
            '"no_such_module"',
            EnvironmentFault,
            "rows for the measurement could not be made: .*No module named no_such_module",
        ),
    ],
)
@pytest.mark.slow
def test_one_that_cannot_be_completed_is_reported_and_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str, error: type[Exception], message: str
) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    root = copy_library(tmp_path / "library")
    text = (root / "lab.toml").read_text()
    assert old in text
    (root / "lab.toml").write_text(text.replace(old, new))
    with pytest.raises(error, match=message):
        prepared_server(Workspace(tmp_path / "any", Library(root)), Dataset(500), silent, to_measure=True)
    assert [path for path in (tmp_path / "cache").iterdir() if path.is_dir()] == []


@pytest.mark.slow
def test_old_ones_are_deleted_when_another_is_made(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    monkeypatch.setattr(prepared, "KEPT", 1)
    monkeypatch.setattr(prepared, "KEPT_SECONDS", 0)
    first, second, third = (prepared_server(workspace, Dataset(rows), silent).home for rows in (1, 2, 3))
    assert not first.exists()
    assert second.exists()
    assert third.exists()


KILLED = """
import sys, time
from pathlib import Path
from lab.library import Library
from lab.operations import prepared
from lab.operations.ownership import Dataset
from lab.progress import silent
from lab.workspace import Workspace

def never_end(*_):
    print("running", flush=True)
    time.sleep(60)

prepared.fill_template = never_end
prepared.prepared_server(Workspace(Path(sys.argv[1]), Library(Path.cwd())), Dataset(500), silent)
"""


@pytest.mark.slow
def test_what_a_killed_command_was_making_is_stopped_and_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    making = Workspace(tmp_path / "any", Library(PROJECT))
    argv = [sys.executable, "-c", KILLED, str(making.root)]
    with subprocess.Popen(argv, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "running\n"
        prepared.remove_unfinished(making)  # it is being made: nothing happens
        assert living_in(making.root)
        child.kill()
    prepared.remove_unfinished(making)
    assert living_in(making.root) == []
    assert list(making.state.iterdir()) == []
