"""`lab up` from nothing, the seed, and `lab reset`, compared to the statements that do their main work."""

import shutil
from typing import Any
from unittest.mock import patch

from benchmarks.pairs import Comparison, medians, timed
from benchmarks.place import bare_server, empty_cache, execute, lab, scratch_workspace
from lab.database_url import DatabaseUrl
from lab.operations.runtimes import runtime_of
from lab.runtime import databases
from lab.runtime.binaries import find_binaries
from lab.runtime.postgres import EmbeddedPostgres
from lab.shell import run
from seed import fill, logs

ROWS = 500_000
ROUNDS = 3

# The table as the migrations make it, with its foreign key, which a plain INSERT has to check too.
TABLE = """
CREATE TABLE devices (id varchar(50) PRIMARY KEY);
INSERT INTO devices SELECT 'device-' || to_char(n, 'FM00') FROM generate_series(1, 20) AS n;
CREATE TABLE execution_logs (
    id serial PRIMARY KEY, device_id varchar(50) NOT NULL REFERENCES devices,
    workflow_id varchar(36) NOT NULL,
    operation varchar(50) NOT NULL, status varchar(20) NOT NULL, message text,
    started_at timestamp NOT NULL, completed_at timestamp, duration_ms integer)
"""


def bring_up() -> Comparison:
    """Compare `lab up` (initdb, start, migrations, rows, template, services) to initdb, start, INSERT."""
    with scratch_workspace() as (workspace, offset):

        def with_lab() -> float:
            lab(workspace, "down", "--destroy")
            empty_cache()
            return timed(lambda: lab(workspace, "up", "--port-offset", str(offset)))

        seconds = medians(with_lab, _bare_bring_up, ROUNDS)
    return Comparison("lab up, from nothing", "initdb, start, one INSERT", *seconds, allowed=2.0)


def seeding() -> Comparison:
    """Compare the whole seed to one INSERT of its logs into the same table, where the devices exist."""
    with scratch_workspace() as (workspace, offset), bare_server() as server:
        server.start()
        lab(workspace, "up", "--rows", "1", "--port-offset", str(offset))
        account = runtime_of(workspace).account

        def with_lab() -> float:
            _empty(server, "lab")
            _copy_schema(account.url("lab"), server.account.url("lab"))
            return timed(lambda: fill(server.account.url("lab"), rows=ROWS, seed=1, progress=lambda *_: None))

        def bare() -> float:
            _empty(server, "bare")
            _copy_schema(account.url("lab"), server.account.url("bare"))
            fill(server.account.url("bare"), rows=1, seed=1, progress=lambda *_: None)
            execute(server.account.url("bare"), ("TRUNCATE execution_logs", None))
            return timed(lambda: _one_insert(server, "bare"))

        seconds = medians(with_lab, bare, ROUNDS)
    return Comparison("the seed, 500,000 rows", "one INSERT of them", *seconds, allowed=1.2)


def reset() -> Comparison:
    """Compare the process `lab reset` to the statement that copies the template."""
    with scratch_workspace() as (workspace, offset):
        lab(workspace, "up", "--port-offset", str(offset))
        account = runtime_of(workspace).account

        def bare() -> float:
            databases.drop(account, "bare")
            return timed(lambda: databases.create(account, "bare", template="lab_template"))

        seconds = medians(lambda: timed(lambda: lab(workspace, "reset")), bare, ROUNDS)
    name, bare_name = "lab reset", "CREATE DATABASE … TEMPLATE"
    return Comparison(name, bare_name, *seconds, allowed=0.3, by_difference=True)


def _bare_bring_up() -> float:
    with bare_server() as server:

        def work() -> None:
            server.start()
            execute(server.account.url("postgres"), (TABLE, None))
            _one_insert(server, "postgres")

        return timed(work)


def _one_insert(server: EmbeddedPostgres, database: str) -> None:
    """Run the seed's statement for all rows at once: before, on and after the incident day."""
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
    """Copy the tables without their rows and grants, by pg_dump."""
    program = find_binaries().program("pg_dump")
    pg_dump = str(program) if program.exists() else shutil.which("pg_dump") or "pg_dump"
    dumped = run([pg_dump, "--schema-only", "--no-owner", "--no-acl", DatabaseUrl.parse(source).libpq])
    psql = str(find_binaries().program("psql"))
    run([psql, "-q", DatabaseUrl.parse(target).libpq], stdin=dumped.stdout)
