"""A saved file leads to a measurement of the bugs that it can affect; no saved file is missed."""

import os
import shutil
import signal
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from lab.library import COMPOSE_FILE, Library
from lab.operations.catalog import catalog_of
from lab.operations.measure import Verdict, check, prepare_target
from lab.operations.watch import Watch, check_on_save, touches
from lab.profile import profile_of
from lab.progress import Progress, silent
from lab.shadow import shadow as shadow_module
from lab.shadow import spare as spare_module
from lab.shadow.server import ShadowServer
from lab.shadow.spare import make_spare
from lab.workspace import Workspace
from tests.conftest import PROJECT
from tests.measuring import copy_library, numbers

EVERY = set(numbers().values())


@pytest.mark.parametrize(
    ("path", "those", "others"),
    [
        ("app/device_service/queries.py", {1, 2, 3, 5, 6, 7}, {4}),
        ("app/workflow_service/models.py", {1, 2, 4}, {3, 5, 6, 7}),
        ("compose/docker-compose.yml", {1}, {2, 3, 4, 5, 6, 7}),
        ("app/common/database.py", EVERY, set()),
        ("app/common/params.py", EVERY, set()),  # one patch changes it, but all services use it
        ("alembic.ini", EVERY, set()),
        ("migrations/versions/0003_mine.py", EVERY, set()),
    ],
)
def test_a_change_of_a_file_can_affect_these_bugs_and_not_those(
    path: str, those: set[int], others: set[int]
) -> None:
    workspace = Workspace(PROJECT)
    found = touches(catalog_of(workspace), profile_of(workspace), Path(path))
    assert found >= those
    assert not found & others


@pytest.fixture
def own(tmp_path: Path) -> Workspace:
    """A workspace that is its own library, and whose lab was never up."""
    library = Library(copy_library(tmp_path / "lab"))
    return Workspace(library.root, library)


def save(workspace: Workspace, path: str) -> None:
    file = workspace.root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(file.read_text() + "\n" if file.exists() else "")


def test_a_file_saved_during_a_measurement_is_not_missed(own: Workspace) -> None:
    watch = Watch(own, ["1", "3", "4"])
    save(own, "app/workflow_service/models.py")
    assert watch.wait() == ("1", "4")
    save(own, "migrations/versions/0003_mine.py")
    assert watch.wait() == ("1", "3", "4")


def test_a_folder_that_was_replaced_is_still_watched(own: Workspace) -> None:
    watch = Watch(own, ["1", "3", "4"])
    shutil.rmtree(own.root / "app")
    save(own, "app/workflow_service/models.py")
    while watch.wait() != ("1", "4"):  # the replacement itself can affect every bug
        save(own, "app/workflow_service/models.py")


def test_a_file_that_was_replaced_is_still_watched(own: Workspace) -> None:
    watch = Watch(own, ["3"])
    for text in ("first", "second"):
        save(own, f"{text}.ini")
        (own.root / f"{text}.ini").replace(own.alembic_ini)
        assert watch.wait() == ("3",)


def test_compiled_files_are_no_change(own: Workspace) -> None:
    watch = Watch(own, ["1", "3"])
    save(own, "app/device_service/__pycache__/models.cpython-311.pyc")
    save(own, "app/device_service/models.pyc")
    save(own, "compose/docker-compose.yml")
    assert watch.wait() == ("1",)


def test_ctrl_c_ends_the_wait(own: Workspace) -> None:
    watch = Watch(own, ["3"])
    press = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    press.start()
    with pytest.raises(KeyboardInterrupt):
        watch.wait()
    press.join()


def copies(workspace: Workspace) -> list[Path]:
    """The servers that measurements have started and not removed."""
    return sorted(workspace.runs.glob("*/server"))


def progress() -> AbstractContextManager[Progress]:
    return nullcontext(silent)


@pytest.mark.slow
def test_a_save_is_measured_with_the_copy_that_was_made_before(
    measurable: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks = check_on_save(measurable, ["1"], progress)
    assert next(checks).evidence[0].verdict is Verdict.PRESENT
    save(measurable, str(COMPOSE_FILE))
    monkeypatch.setattr(spare_module, "start_server", refuse_after(1, spare_module.start_server))
    monkeypatch.setattr(shadow_module, "start_server", refuse_after(0, shadow_module.start_server))

    assert next(checks).evidence[0].verdict is Verdict.PRESENT
    assert copies(measurable) == []


def refuse_after(count: int, function: Callable[..., ShadowServer]) -> Callable[..., ShadowServer]:
    """The function, which may be called that often."""
    calls: list[object] = []

    def limited(*arguments: object) -> ShadowServer:
        calls.append(arguments)
        assert len(calls) <= count
        return function(*arguments)

    return limited


@pytest.mark.slow
def test_a_copy_of_another_prepared_server_is_not_used(measurable: Workspace, tmp_path: Path) -> None:
    target = prepare_target(measurable)
    spare = make_spare(target.prepared, (), tmp_path / "run")
    outdated = replace(spare, prepared=replace(target.prepared, home=tmp_path))
    assert check(measurable, ["1"], spare=outdated, bugs_only=True).evidence[0].verdict is Verdict.PRESENT
    assert copies(measurable) == []


@pytest.mark.slow
def test_ctrl_c_while_watching_leaves_no_copy(measurable: Workspace) -> None:
    def press() -> None:
        while not copies(measurable):
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    checks = check_on_save(measurable, ["1"], progress)
    next(checks)
    threading.Thread(target=press).start()
    with pytest.raises(KeyboardInterrupt):
        next(checks)
    assert copies(measurable) == []
    assert {path.name for run in measurable.runs.iterdir() for path in run.glob("owner.json")} == set()
