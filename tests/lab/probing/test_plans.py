"""Plans are read from the server's log, of one role in one database, within a block."""

from contextlib import closing

import psycopg2

from lab.database_url import DatabaseUrl
from lab.probing.connection import open_connection
from lab.probing.plans import Plan, PlanLog, explained
from tests.conftest import Database
from tests.measuring import database_at

QUERY = "SELECT count(*) FROM execution_logs WHERE duration_ms = 1"


def _execute(url: str) -> None:
    with closing(psycopg2.connect(DatabaseUrl.parse(url).libpq)) as service, service.cursor() as cursor:
        cursor.execute(QUERY)


def test_an_executed_statement_has_its_plan(database: Database) -> None:
    with open_connection(database_at(database.url)) as connection:
        log = PlanLog(connection)
        with explained(connection, "device_service"):
            _execute(database.url_for("device-service"))
        (plan,) = log.read("execution_logs")
        assert plan.text == QUERY
        assert plan.full_scans("execution_logs") == 1
        assert "Seq Scan on execution_logs" in plan.outline()


def test_no_plan_is_logged_after_the_block(database: Database) -> None:
    with open_connection(database_at(database.url)) as connection:
        with explained(connection, "device_service"):
            pass
        log = PlanLog(connection)
        _execute(database.url_for("device-service"))
        assert log.read("execution_logs") == ()


def test_scans_are_counted_by_loop_and_parallel_ones_once() -> None:
    inner = {"Node Type": "Seq Scan", "Relation Name": "t", "Actual Loops": 40}
    shared = {"Node Type": "Seq Scan", "Relation Name": "t", "Actual Loops": 3, "Parallel Aware": True}
    other = {"Node Type": "Index Scan", "Relation Name": "t", "Index Name": "i", "Actual Loops": 9}
    plan = Plan("SELECT", {"Node Type": "Nested Loop", "Plans": [shared, inner, other]})
    assert plan.full_scans("t") == 41
    assert plan.full_scans("u") == 0
    assert "  Index Scan using i on t (9×, 0 blocks)" in plan.outline().splitlines()
