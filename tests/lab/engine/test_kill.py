"""A change killed at any moment ends with its fixes not applied and the candidate's work unchanged."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from lab.database import connect
from lab.engine import journal
from lab.engine.transaction import Options
from lab.errors import DatabaseUnreachable, LabError, Refused, TimedOut
from lab.files import TEMPORARY
from lab.operations import fixes
from lab.operations.fix_status import fix_status
from tests.killing import Killer, killer
from tests.lab.conftest import Project

KILLED = -9


@pytest.fixture(scope="module")
def kills() -> Iterator[Killer]:
    with killer() as ready:
        yield ready


UNDONE_BY = {"apply": "revert", "revert": "apply"}
PASSED: dict[tuple[str, str], list[str]] = {}


def checkpoints(project: Project, verb: str, token: str) -> list[str]:
    """The names of the checkpoints that the change passes; it is made and undone once for all tests."""
    if (verb, token) not in PASSED:
        passed: list[str] = []
        options = Options(checkpoint=passed.append)
        getattr(fixes, verb)(project.workspace, [token], restart=False, options=options)
        getattr(fixes, UNDONE_BY[verb])(project.workspace, [token], restart=False)
        PASSED[verb, token] = passed
    return PASSED[verb, token]


def assert_no_leftovers(project: Project) -> None:
    assert project.sql("SELECT indexrelid FROM pg_index WHERE NOT indisvalid OR NOT indisready") == []
    assert [path for path in project.root.rglob(".*") if TEMPORARY.fullmatch(path.name)] == []
    assert not (project.workspace.state / "scratch").exists()


@pytest.mark.parametrize("number", ["1", pytest.param("2", marks=pytest.mark.slow)])
def test_apply_killed_at_every_checkpoint_ends_not_applied(
    project: Project, kills: Killer, number: str
) -> None:
    before = project.all()
    names = checkpoints(project, "apply", number)
    for at, name in enumerate(names):
        assert kills.run(project.root, "apply", number, at=at) == KILLED, name
        opened = journal.read(project.workspace) is not None
        done = project.recover()
        assert done.fixes == ((int(number),) if opened else ()), name
        if name == "done":
            assert project.applied() == {int(number)}
            project.revert(number)
        assert project.all() == before, name
        assert_no_leftovers(project)


@pytest.mark.slow
@pytest.mark.parametrize("number", ["1", "2"])
def test_revert_killed_at_every_checkpoint_ends_not_applied(
    project: Project, kills: Killer, number: str
) -> None:
    before = project.all()
    project.apply(number)
    applied = project.all()
    names = checkpoints(project, "revert", number)
    for at, name in enumerate(names):
        project.apply(number)
        assert kills.run(project.root, "revert", number, at=at) == KILLED, name
        project.recover()
        assert project.all() == (applied if name == "planned" else before), name
        assert_no_leftovers(project)


@pytest.mark.slow
def test_a_killed_change_of_several_fixes_ends_with_none_applied(project: Project, kills: Killer) -> None:
    before = project.all()
    names = checkpoints(project, "apply", "all")
    for at in range(1, len(names) - 1, 3):
        assert kills.run(project.root, "apply", "all", at=at) == KILLED
        assert project.recover().fixes == (1, 2, 3), names[at]
        assert project.all() == before, names[at]
        project.apply("all")
        assert kills.run(project.root, "revert", "all", at=at) == KILLED
        assert project.recover().fixes == (1, 2, 3), names[at]
        assert project.all() == before, names[at]


@pytest.mark.slow
def test_recovery_itself_may_be_killed(project: Project, kills: Killer) -> None:
    before = project.all()
    names = checkpoints(project, "apply", "2")
    last = names.index("done") - 1
    at = 0
    while True:
        assert kills.run(project.root, "apply", "2", at=last) == KILLED
        if kills.run(project.root, "recover", at=at) != KILLED:
            break
        at += 1
        project.recover()
        assert project.all() == before
        assert_no_leftovers(project)
    assert at >= 5
    assert project.all() == before


def test_a_run_after_one_that_was_not_killed_in_time_has_its_own_exit_code(
    project: Project, kills: Killer
) -> None:
    def too_late() -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        kills.run(project.root, "apply", "1", when=too_late)
    project.recover()
    assert kills.run(project.root, "apply", "1") == 0
    assert project.applied() == {1}


def test_the_next_command_recovers_and_reports_it(project: Project, kills: Killer) -> None:
    names = checkpoints(project, "apply", "2")
    kills.run(project.root, "apply", "2", at=len(names) - 2)
    with pytest.raises(Refused, match="lab fix recover"):
        project.apply("1", dry_run=True)
    done = project.apply("1")
    assert (done.recovered, done.fixes) == ((2,), (1,))
    assert project.applied() == {1}


def test_a_refusal_after_a_recovery_reports_it_and_restarts_the_changed_services(
    project: Project, kills: Killer
) -> None:
    project.apply("1")
    names = checkpoints(project, "revert", "1")
    kills.run(project.root, "revert", "1", at=names.index("journal written"))
    project.edit("app/service.py", "total += 1", "total = total + 1")
    restarted: list[Path] = []
    with pytest.raises(Refused, match="change of fix 1 ended as not applied"):
        project.apply("2", restarter=lambda _, files: restarted.extend(files) or ())
    assert restarted == [project.root / "app" / "service.py"]
    assert project.states()[1] == "absent"


def test_edits_made_after_the_kill_are_kept(project: Project, kills: Killer) -> None:
    names = checkpoints(project, "apply", "2")
    kills.run(project.root, "apply", "2", at=len(names) - 2)
    project.edit("app/service.py", '"""Begin anew."""', '"""Forget it."""')
    project.recover()
    text = project.code()["app/service.py"].decode()
    assert '"""Forget it."""' in text
    assert "total += 1" in text
    assert project.applied() == set()


def test_an_edit_of_the_fix_after_the_kill_is_refused_and_kept(project: Project, kills: Killer) -> None:
    names = checkpoints(project, "apply", "2")
    kills.run(project.root, "apply", "2", at=len(names) - 2)
    project.edit("app/service.py", "len(things)", "len(list(things))")
    for _ in range(2):
        with pytest.raises(Refused, match=r"app/service\.py was edited"):
            project.recover()
    project.edit("app/service.py", "len(list(things))", "len(things)")
    assert project.recover().fixes == (2,)
    assert project.applied() == set()


def test_an_index_that_the_server_completes_after_the_kill_is_dropped(
    project: Project, kills: Killer
) -> None:
    """CREATE INDEX CONCURRENTLY waits for a writer; its client is killed; then the writer lets go."""
    before = project.all()
    with closing(connect(project.url)) as writer, writer.cursor() as cursor:
        cursor.execute("BEGIN; INSERT INTO things (name) VALUES ('late')")
        assert kills.run(project.root, "apply", "2", when=lambda: project.sql(WAITING)) == KILLED
        assert project.sql(
            "SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_things_seen_at'::regclass"
        ) == [(False,)]
        cursor.execute("ROLLBACK")
        while project.sql(BUILDING):
            pass
    assert project.sql(
        "SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_things_seen_at'::regclass"
    ) == [(True,)]
    assert project.recover().fixes == (2,)
    assert project.all() == before


def test_an_index_build_that_still_runs_is_terminated_first(project: Project, kills: Killer) -> None:
    before = project.all()
    with closing(connect(project.url)) as writer, writer.cursor() as cursor:
        cursor.execute("BEGIN; INSERT INTO things (name) VALUES ('late')")
        assert kills.run(project.root, "apply", "2", when=lambda: project.sql(WAITING)) == KILLED
        assert project.sql(BUILDING) != []
        with pytest.raises(TimedOut, match="lock"):
            fixes.recover(project.workspace, restart=False, options=Options(lock_timeout=0.2))
        assert project.sql(BUILDING) == []
        assert journal.read(project.workspace) is not None
        cursor.execute("ROLLBACK")
    assert project.recover().fixes == (2,)
    assert project.all() == before


def test_a_kill_between_the_index_and_its_record_is_recovered(project: Project, kills: Killer) -> None:
    project.apply("2")
    project.revert("2")
    before = project.all()
    with closing(connect(project.url)) as other, other.cursor() as cursor:
        cursor.execute("BEGIN; LOCK TABLE lab.fix_version IN SHARE MODE")
        assert kills.run(project.root, "apply", "2", when=lambda: project.sql(WAITING)) == KILLED
        assert project.sql(
            "SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_things_seen_at'::regclass"
        ) == [(True,)]
        assert project.sql("SELECT * FROM lab.fix_version") == []
        cursor.execute("ROLLBACK")
    assert project.recover().fixes == (2,)
    assert project.all() == before


def test_a_lock_timeout_undoes_everything_and_names_the_blocking_transaction(project: Project) -> None:
    before = project.all()
    with closing(connect(project.url)) as other, other.cursor() as cursor:
        # An index's build lets readers in, and waits for writers.
        cursor.execute(
            "SET application_name = 'a long report'; BEGIN; LOCK TABLE things IN ROW EXCLUSIVE MODE"
        )
        with pytest.raises(TimedOut, match=WAITED):
            fixes.apply(project.workspace, ["1"], restart=False, options=Options(lock_timeout=0.3))
        cursor.execute("ROLLBACK")
    assert journal.read(project.workspace) is None
    assert project.all() == before


def test_an_interrupt_undoes_everything_immediately(project: Project) -> None:
    """^C while the migration waits for a lock: well before the 30 s that it would wait are over."""
    before = project.all()
    argv = [
        sys.executable,
        "-m",
        "lab",
        "-C",
        str(project.root),
        "--library",
        str(project.root),
        "fix",
        "apply",
        "1",
        "--no-restart",
    ]
    with closing(connect(project.url)) as other, other.cursor() as cursor:
        cursor.execute("BEGIN; LOCK TABLE things IN ROW EXCLUSIVE MODE")
        started = time.monotonic()
        with subprocess.Popen(argv, stderr=subprocess.PIPE) as process:
            while not project.sql(WAITING):
                assert process.poll() is None
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 130
        assert time.monotonic() - started < 20
        cursor.execute("ROLLBACK")
    assert journal.read(project.workspace) is None
    assert project.all() == before


@pytest.mark.parametrize(
    ("function", "error", "message"),
    [
        ("cancel", Refused, "fix 1 failed: canceling"),
        ("terminate", DatabaseUnreachable, "connection to the database was lost"),
    ],
)
def test_a_cancelled_or_terminated_migration_is_undone_and_is_not_an_interrupt(
    project: Project, function: str, error: type[LabError], message: str
) -> None:
    before = project.all()
    with closing(connect(project.url)) as other, other.cursor() as cursor, ThreadPoolExecutor() as pool:
        cursor.execute("BEGIN; LOCK TABLE things IN ROW EXCLUSIVE MODE")
        change = pool.submit(project.apply, "1")
        while not project.sql(WAITING):
            assert not change.done()
        project.sql(f"SELECT pg_{function}_backend(pid) FROM ({WAITING}) AS waiting")
        with pytest.raises(error, match=message):
            change.result(30)
        cursor.execute("ROLLBACK")
    assert journal.read(project.workspace) is None
    assert project.all() == before


def test_a_change_that_cannot_be_undone_is_reported_and_left_to_recover(project: Project) -> None:
    before = project.all()
    with closing(connect(project.url)) as writer, writer.cursor() as cursor:
        cursor.execute("BEGIN; INSERT INTO things (name) VALUES ('late')")
        with pytest.raises(LabError, match=r"could not be undone.*run: lab fix recover"):
            fixes.apply(project.workspace, ["2"], restart=False, options=Options(lock_timeout=0.2))
        assert fix_status(project.workspace).interrupted == (2,)
        cursor.execute("ROLLBACK")
    assert project.recover().fixes == (2,)
    assert project.all() == before


WAITING = (
    "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'lab fix %' AND wait_event_type = 'Lock'"
)
WAITED = r"fix 1 did not get a lock within \d+\.\d s\. .*a long report, idle in transaction"
BUILDING = "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'lab fix %' AND state <> 'idle'"
