"""A watched run says of each statement what the server saw: rows, locks, and where it stands in the file."""

import pytest

from lab import sandbox
from lab.engine.candidate_history import CandidateHistory
from lab.engine.watched import Statement, Watched
from tests.lab.conftest import Project

REVISION = """
import sqlalchemy as sa
from alembic import op

revision = "abc123"
down_revision = "0001"


def upgrade():
{body}


def downgrade():
    pass
"""
FIRST = 10
"""The line of the body's first statement."""

SLOW_QUESTION = """\
import psycopg2
watching = psycopg2.connect.__globals__
asked = watching["SAMPLE"]
watching["SAMPLE"] = "SELECT pg_catalog.pg_sleep(600)"
op.execute("SET LOCAL statement_timeout = '1s'")
op.execute("SELECT 1")
watching["SAMPLE"] = asked"""
"""The question that is asked after a statement exceeds the migration's own timeout; its statements don't."""


def watched(project: Project, body: str, **options: float) -> Watched:
    text = REVISION.format(body="\n".join(f"    {line}" for line in body.splitlines()))
    (project.root / "migrations" / "versions" / "abc123_own.py").write_text(text)
    return CandidateHistory(project.root, project.url, sandbox.found()).watched("upgrade", "head", **options)


def placed(done: Watched) -> list[Statement]:
    return [one for one in done.statements if one.line]


def test_a_statement_has_its_place_its_rows_and_the_locks_of_its_transaction(project: Project) -> None:
    body = """\
op.execute("CREATE TABLE many AS SELECT generate_series(1, 500) AS n")
op.execute("LOCK many IN SHARE MODE")
op.execute("SELECT count(*) FROM many")"""
    made, locked, counted = placed(watched(project, body))
    assert [one.line for one in (made, locked, counted)] == [FIRST, FIRST + 1, FIRST + 2]
    ((table, wrote),) = [(oid, wrote) for oid, name, _, wrote in made.tables if name == "many"]
    assert wrote == 500
    assert (table, "AccessExclusiveLock") in made.locks
    reads = [sum(read for oid, _, read, _ in one.tables if oid == table) for one in (locked, counted)]
    assert reads[1] - reads[0] == 500
    assert made.transaction == counted.transaction
    assert made.transaction


@pytest.mark.slow
def test_counts_of_one_transaction_are_never_among_those_of_the_next(project: Project) -> None:
    body = """\
op.execute("CREATE TABLE many AS SELECT generate_series(1, 500) AS n")
with op.get_context().autocommit_block():
    op.execute("INSERT INTO many SELECT generate_series(1, 500)")
op.execute("INSERT INTO many VALUES (1)")"""
    *_, alone, last = [one for one in placed(watched(project, body)) if "many" in one.sql]
    assert not alone.in_transaction
    assert [wrote for _, name, _, wrote in last.tables if name == "many"] == [1]


@pytest.mark.slow
def test_raw_cursors_loops_and_functions_are_seen_too(project: Project) -> None:
    body = """\
raw = op.get_bind().connection.cursor()
raw.execute("CREATE TABLE t (n int)")
raw.executemany("INSERT INTO t VALUES (%s)", [(1,), (2,)])
op.execute("DO $$ BEGIN INSERT INTO t SELECT generate_series(1, 40); END $$")"""
    made, two, forty = placed(watched(project, body))
    assert [one.line for one in (made, two, forty)] == [FIRST + 1, FIRST + 2, FIRST + 3]
    assert [one.tables[-1][3] for one in (two, forty)] == [2, 42]


@pytest.mark.slow
def test_a_rewritten_table_is_told_and_one_that_is_not_is_not(project: Project) -> None:
    body = """\
op.execute("CREATE TABLE t AS SELECT 1 AS n")
op.execute("ALTER TABLE t ADD m int")
op.execute("ALTER TABLE t ALTER n TYPE bigint")"""
    assert [one.rewritten for one in placed(watched(project, body))] == [(), (), ("t",)]


@pytest.mark.slow
@pytest.mark.parametrize(
    "body",
    [
        SLOW_QUESTION,
        "op.execute('COMMIT')\nop.execute('CREATE TABLE t ()')\nop.execute('DROP TABLE t')",
        "op.execute('SAVEPOINT a')\nop.execute('ROLLBACK TO SAVEPOINT a')",
        "raw = op.get_bind().connection.cursor(name='x')\nraw.execute('SELECT 1')\nraw.close()",
    ],
    ids=["a timeout", "a commit", "a savepoint", "a cursor of the server"],
)
def test_watching_changes_nothing_of_what_runs(project: Project, body: str) -> None:
    assert watched(project, body).failure is None


def test_a_failure_has_its_place_and_sqlstate_and_the_statements_before_it(project: Project) -> None:
    done = watched(project, "op.execute('CREATE TABLE t ()')\nop.execute('DROP TABLE missing')")
    assert done.failure is not None
    assert (done.failure.line, done.failure.state) == (FIRST + 1, "42P01")
    assert [one.state for one in placed(done)] == ["", "42P01"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "seconds", "reason"),
    [
        ("import os; os._exit(0)", 60.0, "ended its process"),
        ("import time; time.sleep(60)", 3.0, "did not end within 3 s"),
    ],
)
def test_a_run_that_only_ends_or_does_not_has_failed(
    project: Project, body: str, seconds: float, reason: str
) -> None:
    done = watched(project, body, seconds=seconds)
    assert done.failure is not None
    assert reason in done.failure.reason


@pytest.mark.slow
def test_no_session_of_a_run_stays_whatever_it_calls_itself(project: Project) -> None:
    body = """\
op.execute("SET application_name = 'psql'")
op.execute("SELECT pg_sleep(60)")"""
    assert watched(project, body, seconds=3.0).failure is not None
    ((sessions,),) = project.sql(
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()"
    )
    assert sessions == 0


@pytest.mark.slow
def test_forged_statements_are_left_out_or_made_harmless(project: Project) -> None:
    body = r"""
import json, os, stat
for forged in ({"line": "x"}, {"line": -5}, {"sql": "y" * 9000, "line": 3}, {"locks": [["a", 1]]}):
    event = {"kind": "statement", "sql": "", "file": "", "seconds": 0, "state": "", "line": 0}
    event["in_transaction"] = False
    for descriptor in range(3, 20):
        try:
            if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
                os.write(descriptor, (json.dumps({**event, **forged}) + "\n").encode())
        except OSError:
            pass"""
    done = watched(project, body)
    assert done.failure is None
    assert all(one.line >= 0 and len(one.sql) <= 4000 for one in done.statements)
    assert ("y" * 4000, 3) in {(one.sql, one.line) for one in done.statements}
