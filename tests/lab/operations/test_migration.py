"""The candidate's migrations run in the lab's database; a failed one says where, and leaves what it must."""

import signal
import subprocess
import time
from pathlib import Path

import pytest

from lab.errors import LabError, Refused, UsageError
from lab.operations import migration, migration_status
from tests.lab.conftest import Project
from tests.lab.operations.own_migrations import UPGRADE_LINE, as_lab, write

CONCURRENTLY = (
    "with op.get_context().autocommit_block(): "
    'op.create_index("ix_new", "things", ["{column}"], unique={unique}, postgresql_concurrently=True)'
)
MINE = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'lab migration%'"


@pytest.fixture
def own(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    return as_lab(project, monkeypatch)


def at(project: Project) -> list[tuple[object, ...]]:
    return project.sql("SELECT version_num FROM alembic_version ORDER BY 1")


def test_up_runs_what_is_pending_and_a_failure_names_file_line_and_reason(own: Project) -> None:
    write(own, "0002", 'op.execute("CREATE TABLE notes ()")')
    write(own, "0003", 'op.execute("ALTER TABLE nothing ADD x int")')
    with pytest.raises(LabError) as failure:
        migration.up(own.workspace)
    assert failure.value.message == (
        f'migrations/versions/0003_step.py, line {UPGRADE_LINE}, failed: relation "nothing" does not exist. '
        "The database is at revision 0002."
    )
    assert at(own) == [("0002",)]


@pytest.mark.slow
def test_down_takes_the_last_one_back_and_never_a_shipped_one(own: Project) -> None:
    write(own, "0002", 'op.execute("CREATE TABLE notes ()")', 'op.execute("DROP TABLE notes")')
    done = migration.up(own.workspace)
    assert (done.before, done.after) == (("0001",), ("0002",))
    assert [one.message for one in done.ran] == ["step 0002"]
    assert migration.down(own.workspace).after == ("0001",)
    for target in ("-1", "base"):
        with pytest.raises(Refused, match="below the shipped head, 0001"):
            migration.down(own.workspace, target)
    assert at(own) == [("0001",)]


@pytest.mark.slow
def test_up_and_down_stop_where_they_are_told_to(own: Project) -> None:
    for number in ("0002", "0003", "0004"):
        write(own, number, "pass")
    assert migration.up(own.workspace, "+1").after == ("0002",)
    assert migration.up(own.workspace, "0003").after == ("0003",)
    assert migration.up(own.workspace, "0002").ran == ()
    assert migration.up(own.workspace).after == ("0004",)
    assert migration.down(own.workspace, "-2").after == ("0002",)
    assert migration.down(own.workspace, "0001").after == ("0001",)
    for verb, target in ((migration.up, "+9"), (migration.up, "x"), (migration.down, "0003")):
        with pytest.raises(UsageError):
            verb(own.workspace, target)
    with pytest.raises(UsageError, match="no number of steps"):
        migration.down(own.workspace, "--json")


@pytest.mark.slow
def test_several_heads_are_refused_by_name_and_a_merge_is_gone_through(own: Project) -> None:
    write(own, "0002", "pass")
    write(own, "0003", "pass", below="0001")
    with pytest.raises(Refused, match="2 heads: 0002, 0003") as refused:
        migration.up(own.workspace)
    assert refused.value.remedy == "Merge them: alembic merge -m MESSAGE 0002 0003"
    assert migration.up(own.workspace, "heads").after == ("0002", "0003")
    write(own, "0004", "pass")
    merge = own.root / "migrations/versions/0004_step.py"
    merge.write_text(merge.read_text().replace('"0003"', '("0002", "0003")'))
    assert migration.up(own.workspace).after == ("0004",)
    with pytest.raises(Refused, match="0004 is a merge"):
        migration.down(own.workspace, "-2")
    assert migration.down(own.workspace).after == ("0002", "0003")
    with pytest.raises(Refused, match="The database has 2 heads"):
        migration.down(own.workspace)


@pytest.mark.slow
def test_a_revision_of_the_database_without_a_file_is_told(own: Project) -> None:
    write(own, "0002", "pass")
    migration.up(own.workspace)
    (own.root / "migrations/versions/0002_step.py").unlink()
    with pytest.raises(Refused, match="at revision 0002, which no file has"):
        migration.up(own.workspace)
    assert migration_status.status(own.workspace).unknown == ("0002",)


@pytest.mark.slow
def test_an_index_that_concurrently_left_is_named_with_how_to_drop_it(own: Project) -> None:
    own.sql("UPDATE things SET name = 'the same'")
    write(own, "0002", CONCURRENTLY.format(column="name", unique=True))
    with pytest.raises(LabError, match="could not create unique index") as failure:
        migration.up(own.workspace)
    assert failure.value.message.endswith("lab psql -c 'DROP INDEX CONCURRENTLY ix_new'")
    assert migration_status.status(own.workspace).invalid_indexes == ("ix_new",)
    own.sql("DROP INDEX CONCURRENTLY ix_new")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("up", "left"),
    [
        ('op.execute("CREATE TABLE half ()"); op.execute("ALTER TABLE things ADD z int")', b""),
        (CONCURRENTLY.format(column="seen_at", unique=False), b"DROP INDEX CONCURRENTLY ix_new"),
    ],
)
def test_an_interrupt_ends_the_statement_in_the_server_and_says_what_is_left(
    own: Project, up: str, left: bytes
) -> None:
    write(own, "0002", up)
    holder = subprocess.Popen(
        [*own.command, "psql", "-qc", "BEGIN; LOCK things IN ROW EXCLUSIVE MODE; SELECT pg_sleep(60)"],
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_for(own, "SELECT count(*) FROM pg_locks WHERE relation = 'things'::regclass AND granted")
        child = subprocess.Popen([*own.command, "migration", "up"], stderr=subprocess.PIPE)
        wait_for(own, MINE + " AND wait_event_type = 'Lock'")
        child.send_signal(signal.SIGINT)
        _, told = child.communicate(timeout=60)
        assert child.returncode == 130
        assert b"Interrupted. The database is at revision 0001." in told
        assert left in told
        assert own.sql(MINE) == [(0,)]
        assert own.sql("SELECT to_regclass('half')") == [(None,)]
    finally:
        holder.kill()
        holder.wait()
        own.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()"
        )


def wait_for(project: Project, query: str) -> None:
    deadline = time.monotonic() + 60
    while project.sql(query) == [(0,)]:
        assert time.monotonic() < deadline, query
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("up", "told"),
    [
        (r'raise RuntimeError("\x1b[31mred")', r"RuntimeError: \x1b[31mred."),
        ("import os; os._exit(7)", "ended without a result: exit code 7."),
        ('print("x" * 20_000_000)', "wrote more than 16777216 bytes."),
        ('print(open("/etc/shadow").read())', "/etc/shadow"),
        ("import sys; sys.exit(0)", "SystemExit: 0."),
    ],
)
def test_what_hostile_code_does_is_told_in_printable_words(own: Project, up: str, told: str) -> None:
    write(own, "0002", up)
    with pytest.raises(LabError) as failure:
        migration.up(own.workspace)
    assert told in failure.value.message
    assert failure.value.message.isprintable()
    assert at(own) == [("0001",)]


@pytest.mark.slow
def test_status_shows_own_revisions_and_how_models_and_database_differ(own: Project) -> None:
    write(own, "0002", 'op.execute("ALTER TABLE things ADD z int, DROP seen_at")', message="an\\x07y")
    report = migration_status.status(own.workspace)
    (one,) = report.revisions
    assert (one.message, one.file) == (r"an\x07y", "migrations/versions/0002_step.py")
    assert (one.in_database, report.pending) == (False, ("0002",))
    assert (report.differences, report.not_compared) == (None, "the database is not at the head")
    migration.up(own.workspace)
    report = migration_status.status(own.workspace)
    assert report.revisions[0].in_database
    assert report.differences == (
        "column things.seen_at is only in the models",
        "column things.z is only in the database",
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("0002_x.py", "def (", "0002_x.py, line 1, failed: SyntaxError"),
        ("0001_x.py", 'revision = "0001"\ndown_revision = None\n', "Revision 0001 is present more than once"),
    ],
)
def test_a_file_that_cannot_be_loaded_is_named(own: Project, name: str, text: str, told: str) -> None:
    (own.root / "migrations/versions" / name).write_text(text)
    with pytest.raises(LabError, match=told):
        migration_status.status(own.workspace)


@pytest.mark.slow
def test_a_broken_model_is_why_nothing_was_compared(own: Project) -> None:
    models: Path = own.root / "app/models.py"
    models.write_text(f"{models.read_text()}\nraise ValueError('no')\n")
    report = migration_status.status(own.workspace)
    assert report.differences is None
    assert report.not_compared.startswith("app/models.py, line ")
