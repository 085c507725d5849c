"""A shadow has the candidate's code and schema of one moment, and is always removed."""

import threading
from contextlib import suppress

import psutil
import pytest

from lab.engine import journal
from lab.engine.journal import Entry, PlannedStep
from lab.engine.plan import Part
from lab.engine.verb import Verb
from lab.errors import Refused
from lab.lock import exclusive_lock
from lab.probing.client import request
from lab.probing.connection import open_connection
from lab.progress import Update, silent
from lab.runtime.launch import read_record
from lab.workspace import Workspace
from tests.measuring import Bench, database_at


def test_all_services_answer_and_the_shadow_is_removed_when_the_block_fails(bench: Bench) -> None:
    pids = []
    bench.edit(
        "compose/docker-compose.yml",
        "      - PORT=5003\n",
        "      - PORT=5003\n      - DEVICE_SERVICE_URL=http://device-service:5001\n",
    )
    with suppress(KeyboardInterrupt), bench.shadow(1) as made:
        services = (*made.bench.replicas("device-service"), made.bench.service("workflow-service"))
        assert [service.problem for service in services] == ["", "", ""]
        assert len({service.url for service in services}) == 3
        assert all(request(service.url, "/health").ok for service in services)
        pids = [_pid(bench, service.name) for service in services]
        raise KeyboardInterrupt
    assert len(pids) == 3
    assert bench.shadows() == []
    assert not any(psutil.pid_exists(pid) for pid in pids)


@pytest.mark.slow
def test_an_edit_during_the_measurement_has_no_effect(bench: Bench) -> None:
    with bench.shadow(6) as made:
        (bench.root / "app" / "device_service" / "__main__.py").write_text("raise SystemExit(1)\n")
        late = made.bench.launch("device-service", "late")
        assert late.problem == ""


@pytest.mark.slow
def test_an_unusable_compose_file_is_reported(bench: Bench) -> None:
    (bench.root / "compose" / "docker-compose.yml").write_text("services: [")
    with bench.shadow(3) as made:
        assert made.compose_problem.startswith("docker-compose.yml cannot be used: ")
        assert made.bench.replicas("device-service")[0].problem == ""


def test_no_shadow_is_made_of_code_that_is_changed_in_part(bench: Bench) -> None:
    workspace = Workspace(bench.root)
    workspace.state.mkdir(exist_ok=True)
    steps = (PlannedStep(4, Part.PATCH),)
    journal.open_entry(workspace, Entry(Verb.APPLY, "2026-01-01T00:00:00+00:00", 4711, steps))
    with pytest.raises(Refused, match="A change of fix 4 was interrupted"), bench.shadow(4):
        pass
    assert bench.shadows() == []


@pytest.mark.slow
def test_code_and_schema_agree_while_another_lab_changes_them(bench: Bench, live: str) -> None:
    lock, target = Workspace(bench.root).lock, bench.root / "app" / "half.py"

    def change() -> None:
        with exclusive_lock(lock, progress=silent):
            target.write_text("half\n")
            with open_connection(database_at(live)) as connection:
                connection.query("CREATE INDEX half ON devices (name)")
            locked.set()
            waited_for.wait(20)
            target.write_text("whole\n")
            with open_connection(database_at(live)) as connection:
                connection.query("DROP INDEX half")

    def progress(update: Update) -> None:
        if "Waiting" in update.text:
            waited_for.set()

    locked, waited_for = threading.Event(), threading.Event()
    changing = threading.Thread(target=change)
    changing.start()
    assert locked.wait(20)
    with bench.shadow(2, live=live, progress=progress) as made:
        (copied,) = bench.runs.glob("**/code/app/half.py")
        assert copied.read_text() == "whole\n"
        assert made.notes == ()
    changing.join()


def _pid(bench: Bench, name: str) -> int:
    record = read_record(bench.runs / "run" / "services", name)
    assert record is not None
    return record.child.pid
