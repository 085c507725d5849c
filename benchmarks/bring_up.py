"""`lab up` from nothing against the bare work in the server; the seed against its one INSERT; `lab reset`."""

import shutil
from typing import Any
from unittest.mock import patch

from benchmarks.pairs import Row, in_turn, timed
from benchmarks.place import bare_server, execute, lab, scratch_workspace
from lab.database_url import DatabaseUrl
from lab.operations.runtimes import runtime_of
from lab.runtime import databases
from lab.runtime.binaries import find_binaries
from lab.runtime.postgres import EmbeddedPostgres
from lab.shell import run
from seed import fill, logs

ROWS = 500_000
ROUNDS = 3

# The table as the migrations leave it, its key to the devices included: a plain INSERT pays for that.
TABLE = """
CREATE TABLE devices (id varchar(50) PRIMARY KEY);
INSERT INTO devices SELECT 'device-' || to_char(n, 'FM00') FROM generate_series(1, 20) AS n;
CREATE TABLE execution_logs (
    id serial PRIMARY KEY, device_id varchar(50) NOT NULL REFERENCES devices,
    workflow_id varchar(36) NOT NULL,
    operation varchar(50) NOT NULL, status varchar(20) NOT NULL, message text,
    started_at timestamp NOT NULL, completed_at timestamp, duration_ms integer)
"""


def bring_up() -> Row:
    """Whole processes, wheels installed: initdb, start, migrations, rows, template, services."""
    with scratch_workspace() as (workspace, offset):

        def ours() -> float:
            lab(workspace, "down", "--destroy")
            return timed(lambda: lab(workspace, "up", "--port-offset", str(offset)))

        medians = in_turn(ours, _bare_bring_up, ROUNDS)
    return Row("lab up, from nothing", "initdb, start, one INSERT", *medians, allowed=2.0)


def seeding() -> Row:
    """The seed in whole against the one INSERT of its logs into the same table, devices being there."""
    with scratch_workspace() as (workspace, offset), bare_server() as server:
        server.start()
        lab(workspace, "up", "--rows", "1", "--port-offset", str(offset))
        account = runtime_of(workspace).account

        def ours() -> float:
            _empty(server, "ours")
            _copy_schema(account.url("lab"), server.account.url("ours"))
            return timed(
                lambda: fill(server.account.url("ours"), rows=ROWS, seed=1, progress=lambda *_: None)
            )

        def bare() -> float:
            _empty(server, "bare")
            _copy_schema(account.url("lab"), server.account.url("bare"))
            fill(server.account.url("bare"), rows=1, seed=1, progress=lambda *_: None)
            execute(server.account.url("bare"), ("TRUNCATE execution_logs", None))
            return timed(lambda: _one_insert(server, "bare"))

        medians = in_turn(ours, bare, ROUNDS)
    return Row("the seed, 500,000 rows", "one INSERT of them", *medians, allowed=1.2)


def reset() -> Row:
    """`lab reset` as a whole process against the statement that does the work."""
    with scratch_workspace() as (workspace, offset):
        lab(workspace, "up", "--port-offset", str(offset))
        account = runtime_of(workspace).account

        def bare() -> float:
            databases.drop(account, "bare")
            return timed(lambda: databases.create(account, "bare", template="lab_template"))

        medians = in_turn(lambda: timed(lambda: lab(workspace, "reset")), bare, ROUNDS)
    return Row("lab reset", "CREATE DATABASE … TEMPLATE", *medians, allowed=0.5, by_difference=True)


def _bare_bring_up() -> float:
    with bare_server() as server:

        def work() -> None:
            server.start()
            execute(server.account.url("postgres"), (TABLE, None))
            _one_insert(server, "postgres")

        return timed(work)


def _one_insert(server: EmbeddedPostgres, database: str) -> None:
    """The seed's own statement for all rows at once: one before, one for and one after the incident day."""
    statements: list[tuple[str, dict[str, Any] | None]] = []
    with patch.object(logs, "BATCH", ROWS):
        for batch in logs.batches(ROWS, 1):
            statements.append(("SELECT setseed(%(value)s)", {"value": batch.randomness}))
            statements.append((logs.INSERT, batch.parameters))
    execute(server.account.url(database), *statements)


def _empty(server: EmbeddedPostgres, database: str) -> None:
    databases.drop(server.account, database)
    databases.create(server.account, database)


def _copy_schema(source: str, target: str) -> None:
    """The lab's tables without their rows or grants, by pg_dump."""
    program = find_binaries().program("pg_dump")
    pg_dump = str(program) if program.exists() else shutil.which("pg_dump") or "pg_dump"
    dumped = run([pg_dump, "--schema-only", "--no-owner", "--no-acl", DatabaseUrl.parse(source).libpq])
    psql = str(find_binaries().program("psql"))
    run([psql, "-q", DatabaseUrl.parse(target).libpq], stdin=dumped.stdout)
