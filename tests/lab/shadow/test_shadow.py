"""A shadow has what the candidate has, touches nothing of theirs, and is gone whatever happens."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import psutil
import pytest

from lab import shipped
from lab.database import connect
from lab.lock import exclusive_lock
from lab.probes.client import request
from lab.probes.connection import open_connection
from lab.probes.evidence import Verdict
from lab.progress import silent
from lab.runtime.launch import read_record
from lab.shadow import data, leftovers, remove_leftovers, services
from lab.workspace import Workspace
from tests.conftest import PROJECT, Database, Server
from tests.measuring import Bench, copy_shipped, fix

REVISION = """
from alembic import op
import sqlalchemy as sa
revision = "0003"
down_revision = "0002"


def upgrade():
    {up}


def downgrade():
    pass
"""


@pytest.fixture
def bench(server: Server, full_template: str, tmp_path: Path) -> Bench:
    return Bench(copy_shipped(tmp_path / "workspace"), tmp_path / "runs", server, full_template)


@pytest.fixture
def live(server: Server, full_template: str) -> Iterator[str]:
    name = f"live_{os.getpid()}"
    server.create(name, full_template)
    yield name
    server.drop(name)


def add_revision(bench: Bench, up: str) -> None:
    (bench.root / "migrations" / "versions" / "0003_mine.py").write_text(REVISION.format(up=up))


def indexes(url: str) -> set[str]:
    with open_connection(url) as connection:
        return {
            name
            for (name,) in connection.query("SELECT indexname FROM pg_indexes WHERE schemaname = 'public'")
        }


def test_two_replicas_and_one_workflow_service_answer(bench: Bench) -> None:
    bench.edit(
        "compose/docker-compose.yml",
        "      - PORT=5003\n",
        "      - PORT=5003\n      - DEVICE_SERVICE_URL=http://device-service:5001\n",
    )
    with bench.shadow(1) as made:
        services = (*made.endpoints.devices, made.endpoints.workflows)
        assert [service.problem for service in services] == ["", "", ""]
        assert len({service.url for service in services}) == 3
        assert all(request(service.url, "/health").ok for service in services)
    assert bench.shadows() == []


def test_an_edit_in_the_middle_changes_nothing(bench: Bench) -> None:
    with bench.shadow(6) as made:
        (bench.root / "app" / "device_service" / "__main__.py").write_text("raise SystemExit(1)\n")
        late = made.endpoints.launch("device-service", "late")
        assert late.problem == ""


def test_the_candidates_migrations_run_on_it(bench: Bench) -> None:
    add_revision(bench, 'op.create_index("mine", "bookings", ["device_id"])')
    with bench.shadow(6) as made:
        assert "mine" in indexes(made.endpoints.database)
        assert made.migration_problem == ""


def test_a_migration_that_fails_is_told_and_the_rest_is_measured(bench: Bench) -> None:
    add_revision(bench, 'op.execute("SELECT 1 / 0")')
    with bench.shadow(6) as made:
        assert "division by zero" in made.migration_problem
        assert made.notes == (f"{made.migration_problem[0].upper()}{made.migration_problem[1:]}.",)


def test_a_migration_that_never_ends_is_ended(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "MIGRATION_DEADLINE", 3.0)
    add_revision(bench, 'op.execute("LOCK TABLE devices"); op.execute("SELECT pg_sleep(3600)")')
    with bench.shadow(6) as made, open_connection(made.endpoints.database) as connection:
        assert made.migration_problem == "the migrations did not end within 3 s"
        assert connection.value("SELECT count(*) FROM pg_locks WHERE relation = 'devices'::regclass") == 0
        assert len(connection.query("SELECT * FROM devices")) == 20


def test_the_schema_of_applied_fixes_is_on_it(bench: Bench) -> None:
    with (
        bench.shadow(6, fixes=(fix(5), fix(7))) as made,
        open_connection(made.endpoints.database) as connection,
    ):
        assert connection.query("SELECT version_num FROM lab.fix_version ORDER BY 1") == [
            ("fix_5",),
            ("fix_7",),
        ]
        assert connection.value("SELECT to_regclass('public.device_queue') IS NOT NULL")


def test_an_index_made_by_hand_is_carried_over_and_told(bench: Bench, live: str) -> None:
    with open_connection(bench.server.url(live)) as connection:
        connection.query("CREATE INDEX by_hand ON execution_logs (started_at)")
    with bench.shadow(6, live=live) as made:
        assert "by_hand" in indexes(made.endpoints.database)
        (note,) = made.notes
        assert "was carried over: CREATE INDEX by_hand ON" in note


def test_an_index_that_a_migration_makes_too_is_not_carried_over(bench: Bench, live: str) -> None:
    add_revision(bench, 'op.create_index("mine", "execution_logs", ["started_at"])')
    with open_connection(bench.server.url(live)) as connection:
        connection.query("CREATE INDEX of_another_name ON execution_logs (started_at)")
    with bench.shadow(6, live=live) as made:
        assert made.notes == ()


def test_a_small_lab_is_filled_up_so_that_symptoms_have_room(
    server: Server, template: str, tmp_path: Path
) -> None:
    bench = Bench(copy_shipped(tmp_path / "workspace"), tmp_path / "runs", server, template)
    found = bench.measure(5, 6)
    assert {evidence.verdict for evidence in found.values()} == {Verdict.PRESENT}


def test_a_database_url_that_leads_elsewhere_leads_nowhere(
    bench: Bench, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "START_DEADLINE", 2.0)
    bench.edit(
        "compose/docker-compose.yml",
        "postgresql+psycopg2://device_service:device_service@db:5432/lab",
        database.url_for("device-service"),
    )
    with bench.shadow(6) as made:
        service = made.endpoints.launch("device-service", "astray", environment={})
        assert "did not answer" in service.problem
        assert service.environment["DATABASE_URL"].startswith("postgresql+psycopg2://device_service")
        assert "@127.0.0.1:1/" in service.environment["DATABASE_URL"]


def test_a_compose_file_that_cannot_be_read_is_told(bench: Bench) -> None:
    (bench.root / "compose" / "docker-compose.yml").write_text("services: [")
    with bench.shadow(3) as made:
        assert made.compose_problem.startswith("docker-compose.yml cannot be used: ")
        assert made.endpoints.devices[0].problem == ""


def test_a_raised_memory_limit_does_not_raise_the_probes(bench: Bench) -> None:
    bench.edit(
        "compose/docker-compose.yml",
        """    mem_limit: 256m
    memswap_limit: 256m
    read_only: true
    tmpfs:
      - /tmp
    cap_drop:
      - ALL
    security_opt:
      - no-new-privileges:true
    restart: "no"

  workflow-service:""",
        """    mem_limit: 4g
    memswap_limit: 4g
    read_only: true
    restart: "no"

  workflow-service:""",
    )
    with bench.shadow(6) as made:
        assert made.endpoints.memory_limit == 256 * 2**20


def test_it_is_taken_down_when_the_block_fails(bench: Bench) -> None:
    pids = []
    with suppress(KeyboardInterrupt), bench.shadow(3) as made:
        pids = [_pid(bench, service.name) for service in made.endpoints.devices]
        raise KeyboardInterrupt
    assert len(pids) == 2
    assert bench.shadows() == []
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_code_and_schema_are_of_one_moment_beside_a_lab_that_changes_them(bench: Bench, live: str) -> None:
    lock, target = Workspace(bench.root).lock, bench.root / "app" / "half.py"

    def change() -> None:
        with exclusive_lock(lock, progress=silent):
            target.write_text("half\n")
            with open_connection(bench.server.url(live)) as connection:
                connection.query("CREATE INDEX half ON devices (name)")
            held.set()
            told.wait(20)
            target.write_text("whole\n")
            with open_connection(bench.server.url(live)) as connection:
                connection.query("DROP INDEX half")

    held, told = threading.Event(), threading.Event()
    changing = threading.Thread(target=change)
    changing.start()
    assert held.wait(20)
    with bench.shadow(
        2, live=live, progress=lambda update: told.set() if "Waiting" in update.text else None
    ) as made:
        (copied,) = bench.runs.glob("**/code/app/half.py")
        assert copied.read_text() == "whole\n"
        assert made.notes == ()
    changing.join()


@pytest.mark.parametrize("early", [True, False])
def test_a_lab_installed_from_the_workspace_itself_measures_what_the_candidate_made(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, early: bool
) -> None:
    """As in an ordinary clone: the project and the candidate's workspace are one folder.

    What is edited before the first `lab up` is kept as shipped.
    """
    monkeypatch.setattr("lab.shadow.code.PROJECT", bench.root)
    if not early:
        shipped.keep(Workspace(bench.root))
    file = Workspace(bench.root).compose_file
    file.write_text(file.read_text().replace("mem_limit: 256m", "mem_limit: 999m"))
    shipped.keep(Workspace(bench.root))
    add_revision(bench, 'op.add_column("devices", sa.Column("mine", sa.Integer))')
    with bench.shadow(6) as made:
        assert made.endpoints.memory_limit == 256 * 2**20
        with open_connection(made.endpoints.database) as connection:
            assert connection.query("SELECT count(*) FROM pg_attribute WHERE attname = 'mine'") == [(1,)]


KILLED = """
import sys, time
from pathlib import Path
from lab.runtime.account import Account
from lab.shadow import Source, shadow
from lab.workspace import Workspace
account = Account(int(sys.argv[3]), "lab", "lab")
with shadow(Source(Workspace(Path(sys.argv[1])), account, sys.argv[4], None), Path(sys.argv[2]) / "killed"):
    print("made", flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("when", ["half made", "made"])
def test_what_a_killed_one_leaves_is_swept(when: str, bench: Bench) -> None:
    argv = [sys.executable, "-c", KILLED, str(bench.root), str(bench.runs)]
    argv += [str(bench.server.account.port), bench.template]
    with subprocess.Popen(argv, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        if when == "made":
            assert child.stdout.readline() == "made\n"
        else:
            until = time.monotonic() + 30
            while not list(bench.runs.glob("*/services/*.json")) and time.monotonic() < until:
                time.sleep(0.01)
        assert remove_leftovers(bench.runs, bench.server.account) == ()  # its maker lives
        child.send_signal(signal.SIGKILL)
    names = [path.stem for path in bench.runs.glob("*/services/*.json")]
    assert names
    assert len(remove_leftovers(bench.runs, bench.server.account)) == 1
    assert bench.shadows() == []
    for name in names:
        record = read_record(bench.runs / "killed" / leftovers.SERVICES, name)
        assert record is not None
        assert record.child.process() is None
    assert not (bench.runs / "killed" / leftovers.CODE).exists()
    assert remove_leftovers(bench.runs, bench.server.account) == ()


def test_a_sweep_leaves_a_living_makers_shadow_alone(bench: Bench) -> None:
    with bench.shadow(3) as made:
        assert remove_leftovers(bench.runs, bench.server.account) == ()
        assert request(made.endpoints.devices[0].url, "/health").ok


def test_the_databases_comment_says_whose_it_is(bench: Bench) -> None:
    with bench.shadow(6) as made, closing(connect(made.endpoints.database)) as connection:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT shobj_description(oid, 'pg_database') FROM pg_database"
                " WHERE datname = current_database()"
            )
            (comment,) = cursor.fetchone() or ("",)
        document = json.loads(comment)
        assert document["lab_shadow"]["pid"] == os.getpid()
        assert document["workspace"] == str(bench.root)


def _pid(bench: Bench, name: str) -> int:
    record = read_record(bench.runs / "run" / leftovers.SERVICES, name)
    assert record is not None
    return record.child.pid
