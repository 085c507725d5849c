"""Fix 4: the same answers, by as many statements however many workflows there are."""

import pytest

from tests.fixes.conftest import Lab, Sql
from tests.fixes.replica import Replica

NOBODY = {"DEVICE_SERVICE_URL": "http://127.0.0.1:9"}
STATEMENTS = """
SELECT sum(calls)::int FROM pg_stat_statements
WHERE userid = 'workflow_service'::regrole
    AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND query ~* '^\\s*(select|with)' AND query !~* '^select \\$?1$'
"""
DOUBLE = """
WITH copied AS (
    INSERT INTO workflows (id, name, device_id, status, created_at)
    SELECT left(md5(id), 36), name, device_id, 'pending', created_at FROM workflows
    RETURNING id
)
SELECT count(*) FROM copied
"""


def statements_of(path: str, service: Replica, sql: Sql) -> int:
    """How many statements one request takes, by the server's own count."""
    assert service.get(path).ok  # opens the connection, which has statements of its own
    sql("SELECT pg_stat_statements_reset()")
    assert service.get(path).ok
    count: int
    [(count,)] = sql(STATEMENTS)
    return count


def test_the_number_of_statements_does_not_grow_with_the_workflows(lab: Lab, sql: Sql) -> None:
    lab.apply(4)
    service = lab.start("workflow_service", **NOBODY)
    before = statements_of("/workflows", service, sql)
    [(added,)] = sql(DOUBLE)
    assert added == 50
    sql(
        """
        INSERT INTO workflow_steps (workflow_id, position, operation)
        SELECT left(md5(workflow_id), 36), position, operation FROM workflow_steps
        """
    )
    sql(
        """
        INSERT INTO workflow_samples (workflow_id, sample_id, role)
        SELECT left(md5(workflow_id), 36), sample_id, role FROM workflow_samples
        """
    )
    assert (before, statements_of("/workflows", service, sql)) == (2, 2)


def test_every_answer_is_as_it_was(lab: Lab, sql: Sql) -> None:
    shipped = lab.start("workflow_service", **NOBODY)
    first = shipped.get("/workflows").json()["workflows"][0]["id"]
    for name, steps, samples in (
        ("nothing", [], []),
        ("steps only", [{"operation": "spin"}, {"operation": "pellet"}], []),
        ("samples only", [], [{"sample_id": 7, "role": "output"}, {"sample_id": 3, "role": "input"}]),
    ):
        body = {"name": name, "device_id": "device-01", "steps": steps, "samples": samples}
        assert shipped.post("/workflows", **body).status_code == 201
    paths = ["/workflows", f"/workflows/{first}"]
    before = [shipped.get(path).json() for path in paths]
    assert len(before[0]["workflows"]) == 53
    lab.apply(4)
    fixed = lab.start("workflow_service", **NOBODY)
    assert [fixed.get(path).json() for path in paths] == before


def test_no_workflow_at_all_is_an_empty_list(lab: Lab, sql: Sql) -> None:
    lab.apply(4)
    sql("TRUNCATE workflows CASCADE")
    service = lab.start("workflow_service", **NOBODY)
    assert service.get("/workflows").json() == {"workflows": []}


@pytest.mark.parametrize("table", ["workflow_steps", "workflow_samples"])
def test_the_parts_of_one_workflow_are_found_by_an_index(lab: Lab, sql: Sql, table: str) -> None:
    lab.migrate("upgrade", "fix4@head")
    sql(
        """
        INSERT INTO workflows (id, name, device_id)
        SELECT 'many-' || n, 'many', 'device-01' FROM generate_series(1, 2000) AS n
        """
    )
    columns = {"workflow_steps": "position, operation", "workflow_samples": "sample_id, role"}[table]
    values = {"workflow_steps": "1, 'spin'", "workflow_samples": "1, 'input'"}[table]
    sql(
        f"INSERT INTO {table} (workflow_id, {columns}) SELECT id, {values} FROM workflows WHERE name = 'many'"
    )
    sql(f"ANALYZE {table}")
    plan = sql(f"EXPLAIN SELECT * FROM {table} WHERE workflow_id = 'many-7'")
    assert f"ix_{table}_workflow_id" in str(plan)
