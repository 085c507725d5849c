"""What `status`, `url` and `doctor` print of each state that a lab can be in."""

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console, RenderableType

from lab.cli import inspect_views
from lab.cli.tables import Verbatim
from lab.operations.doctor import Check
from lab.operations.fix_status import FixStatus, FixStatusRow, State
from lab.operations.status import DatabaseStatus, ServiceStatus, Status

MIB = 2**20
DATABASE = DatabaseStatus("127.0.0.1:5442/lab", True, "0002", 500_000, 108 * MIB, "18.1", table="orders")
WORKER = ServiceStatus("worker", "healthy", 5001, pid=42, memory=63 * MIB, memory_limit=256 * MIB)


def lines(view: Iterable[RenderableType], width: int = 200) -> list[str]:
    console = Console(width=width, no_color=True)
    with console.capture() as captured:
        for part in view:
            console.print(part)
    return [line.rstrip() for line in captured.get().splitlines()]


def status(
    *services: ServiceStatus, database: DatabaseStatus = DATABASE, fixes: FixStatus | None = None
) -> list[str]:
    return lines(inspect_views.status(Status("/lab", "embedded", database, services, fixes)))


def test_a_running_lab_has_a_row_for_the_database_and_for_each_service() -> None:
    database, worker = (re.split(r"\s{2,}", line) for line in status(WORKER)[1:])

    detail = "PostgreSQL 18.1, revision 0002, 500,000 rows in orders, 108 MiB"
    assert database == ["db", "running", "5442", detail]
    assert worker == ["worker", "healthy", "5001", "63 of 256 MiB", "process 42"]


@pytest.mark.parametrize(
    ("database", "detail"),
    [
        (DatabaseStatus("127.0.0.1:5442/lab", False), "start it: lab up"),
        (DatabaseStatus("127.0.0.1:5442/lab", True, problem="Too many clients."), "Too many clients."),
        (
            DatabaseStatus("127.0.0.1:5442/lab", True, None, None, MIB, "18.1", table="orders"),
            "PostgreSQL 18.1, revision none, uncounted rows in orders, 1 MiB",
        ),
    ],
)
def test_the_database_says_what_is_not_known(database: DatabaseStatus, detail: str) -> None:
    assert status(database=database)[1].endswith(detail)


@pytest.mark.parametrize(
    ("service", "detail"),
    [
        (
            ServiceStatus(
                "worker",
                "exited",
                5001,
                exit_code=137,
                reason="out of memory",
                memory_limit=256 * MIB,
                peak=259 * MIB,
            ),
            "exit 137, out of memory: it reached 259 MiB, its limit is 256 MiB",
        ),
        (
            ServiceStatus("worker", "exited", 5001, exit_code=1, reason="ended by itself"),
            "exit 1, ended by itself",
        ),
        (ServiceStatus("worker", "exited", 5001, reason="killed"), "killed"),
        (ServiceStatus("worker", "healthy", 5001, container="lab-worker-1"), "container lab-worker-1"),
        (ServiceStatus("worker", "unhealthy", 5001, pid=7, reason="no answer"), "process 7; no answer"),
        (ServiceStatus("worker", "stopped", 5001), "stopped  5001"),
    ],
)
def test_a_service_says_why_it_ended_or_where_it_runs(service: ServiceStatus, detail: str) -> None:
    assert status(service)[2].endswith(detail)


def test_a_crashed_and_an_unresponsive_service_have_a_next_step() -> None:
    crashed = ServiceStatus("worker", "exited", 5001, log=Path("/logs/worker.log"))
    silent = ServiceStatus("mailer", "unhealthy", 5002)

    assert status(crashed, silent)[-4:] == [
        "",
        "worker has crashed. Its log: lab logs worker (/logs/worker.log)",
        "",
        "mailer does not answer. Restart it: lab restart mailer",
    ]


def test_fixes_are_named_by_what_is_applied_and_what_only_partly() -> None:
    states = {1: State.PRESENT, 2: State.ABSENT, 3: State.MIXED}
    rows = tuple(FixStatusRow(n, f"fix_{n}", "", state, state, state, (), "") for n, state in states.items())

    assert status(fixes=FixStatus(rows, (), "", ()))[-2:] == [
        "Fixes applied: 1.",
        "Mixed, only partly applied: 3. See why: lab fix status",
    ]
    assert "Fixes applied" not in "".join(status(fixes=FixStatus(rows, (), "The lab is not up.", ())))


def test_an_interrupted_change_is_told() -> None:
    told = status(fixes=FixStatus((), (), "", (2, 3)))[-1]
    assert told == "A change of fixes 2, 3 was interrupted. Undo it: lab fix recover"


def test_names_and_states_stay_whole_on_a_narrow_terminal() -> None:
    service = ServiceStatus("a-service-with-a-long-name", "unhealthy", 5001, pid=1)
    report = Status("/lab", "embedded", DATABASE, (service,), None)

    assert any(
        line.startswith("a-service-with-a-long-name  unhealthy  5001")
        for line in lines(inspect_views.status(report), width=60)
    )


def test_a_url_stays_whole_on_a_narrow_terminal() -> None:
    head, *urls = inspect_views.urls({"worker": "http://w", "db": f"postgresql://{'p' * 64}@127.0.0.1/lab"})

    assert str(head) == "SERVICE  URL"
    assert urls == ["worker   http://w", f"db       postgresql://{'p' * 64}@127.0.0.1/lab"]
    assert all(isinstance(url, Verbatim) for url in urls)


def test_doctor_tells_what_is_missing_from_what_is_optional() -> None:
    checks = (
        Check("git", True, "2.39"),
        Check("disk", False, "full"),
        Check("containers", False, "no", False),
    )

    assert [line.split() for line in lines(inspect_views.doctor(checks))[1:]] == [
        ["git", "ok", "2.39"],
        ["disk", "missing", "full"],
        ["containers", "optional", "no"],
    ]


def test_doctor_breaks_no_path_on_a_terminal() -> None:
    path = f"/{'folder/' * 12}bin"
    checks = (Check("PostgreSQL", True, f"18, on the PATH: {path}"), Check("workspace", True, path))
    console = Console(width=80, force_terminal=True, color_system=None)

    with console.capture() as captured:
        for part in inspect_views.doctor(checks):
            console.print(part, crop=False)

    shown = [line.rstrip() for line in captured.get().splitlines()]
    assert shown[1:] == ["PostgreSQL  ok        18, on the PATH:", path, "workspace   ok", path]


def test_a_service_in_the_foreground_is_named_with_its_lab_run_and_gets_other_advice() -> None:
    run = ServiceStatus("worker", "unhealthy", 5001, pid=42, foreground=41)
    text = status(run)
    assert text[2].endswith("process 42 in the foreground")
    assert "worker is in the foreground of a terminal, with its output: lab run worker (process 41)." in text
    assert text[-1] == "worker does not answer. It may be at a breakpoint."
    assert not any("crashed" in line for line in status(replace(run, state="exited")))
