"""Fix 4: the answers are the same, and the number of statements does not grow with the workflows."""

import pytest

from tests.fixes.conftest import Lab, Sql
from tests.fixes.replica import Replica

UNREACHABLE = {"DEVICE_SERVICE_URL": "http://127.0.0.1:9"}
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


@pytest.fixture(scope="module")
def service(shared_lab: Lab) -> Replica:
    """workflow-service with fix 4."""
    shared_lab.apply(4)
    return shared_lab.start("workflow_service", **UNREACHABLE)


def statements_of(path: str, service: Replica, sql: Sql) -> int:
    """Return the number of queries of one request, as pg_stat_statements counts them."""
    assert service.get(path).ok  # open the connection first: that runs statements too
    sql("SELECT pg_stat_statements_reset()")
    assert service.get(path).ok
    count: int
    [(count,)] = sql(STATEMENTS)
    return count


def test_the_number_of_statements_does_not_grow_with_the_workflows(service: Replica, shared_sql: Sql) -> None:
    before = statements_of("/workflows", service, shared_sql)
    [(added,)] = shared_sql(DOUBLE)
    assert added >= 50
    shared_sql(
        """
        INSERT INTO workflow_steps (workflow_id, position, operation)
        SELECT left(md5(workflow_id), 36), position, operation FROM workflow_steps
        """
    )
    shared_sql(
        """
        INSERT INTO workflow_samples (workflow_id, sample_id, role)
        SELECT left(md5(workflow_id), 36), sample_id, role FROM workflow_samples
        """
    )
    assert (before, statements_of("/workflows", service, shared_sql)) == (3, 3)


def test_one_workflow_takes_three_statements_however_many_samples_it_has(
    service: Replica, shared_sql: Sql
) -> None:
    samples = [{"sample_id": number, "role": "input"} for number in range(1, 21)]
    made = service.post("/workflows", name="many", device_id="device-01", samples=samples).json()
    assert len(made["samples"]) == 20
    assert statements_of(f"/workflows/{made['id']}", service, shared_sql) == 3


def test_every_answer_is_the_same_as_before(lab: Lab, sql: Sql) -> None:
    shipped = lab.start("workflow_service", **UNREACHABLE)
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
    fixed = lab.start("workflow_service", **UNREACHABLE)
    assert [fixed.get(path).json() for path in paths] == before


def test_the_steps_and_samples_of_a_workflow_are_found_by_an_index(lab: Lab, sql: Sql) -> None:
    lab.upgrade(4)
    sql(
        """
        INSERT INTO workflows (id, name, device_id)
        SELECT 'many-' || n, 'many', 'device-01' FROM generate_series(1, 2000) AS n
        """
    )
    for table, columns, values in (
        ("workflow_steps", "position, operation", "1, 'spin'"),
        ("workflow_samples", "sample_id, role", "1, 'input'"),
    ):
        sql(
            f"INSERT INTO {table} (workflow_id, {columns})"
            f" SELECT id, {values} FROM workflows WHERE name = 'many'"
        )
        sql(f"ANALYZE {table}")
        plan = sql(f"EXPLAIN SELECT * FROM {table} WHERE workflow_id = 'many-7'")
        assert f"ix_{table}_workflow_id" in str(plan)


def test_without_workflows_the_list_is_empty(service: Replica, shared_sql: Sql) -> None:
    # The last test of the file: others need the workflows.
    shared_sql("TRUNCATE workflows CASCADE")
    assert service.get("/workflows").json() == {"workflows": []}
