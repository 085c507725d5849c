"""Plans come from the server's log, of one role in one database, while they are asked for."""

from contextlib import closing

import psycopg2

from lab.database_url import DatabaseUrl
from lab.probes.connection import open_connection
from lab.probes.plans import Plan, PlanLog, explained
from tests.conftest import Database

QUESTION = "SELECT count(*) FROM execution_logs WHERE duration_ms = 1"


def _ask(url: str) -> None:
    with closing(psycopg2.connect(DatabaseUrl.parse(url).libpq)) as service, service.cursor() as cursor:
        cursor.execute(QUESTION)


def test_a_statement_is_seen_with_the_plan_that_it_had(database: Database) -> None:
    with open_connection(database.url) as connection:
        log = PlanLog(connection)
        with explained(connection, "device_service"):
            _ask(database.url_for("device-service"))
        (plan,) = log.read("execution_logs")
        assert plan.text == QUESTION
        assert plan.scans_whole("execution_logs") == 1
        assert "Seq Scan on execution_logs" in plan.outline()


def test_nothing_is_logged_once_it_is_no_longer_asked_for(database: Database) -> None:
    with open_connection(database.url) as connection:
        with explained(connection, "device_service"):
            pass
        log = PlanLog(connection)
        _ask(database.url_for("device-service"))
        assert log.read("execution_logs") == ()


def test_scans_are_counted_by_loop_and_shared_ones_once() -> None:
    inner = {"Node Type": "Seq Scan", "Relation Name": "t", "Actual Loops": 40}
    shared = {"Node Type": "Seq Scan", "Relation Name": "t", "Actual Loops": 3, "Parallel Aware": True}
    other = {"Node Type": "Index Scan", "Relation Name": "t", "Index Name": "i", "Actual Loops": 9}
    plan = Plan("SELECT", {"Node Type": "Nested Loop", "Plans": [shared, inner, other]})
    assert plan.scans_whole("t") == 41
    assert plan.scans_whole("u") == 0
    assert "  Index Scan using i on t (9×, 0 blocks)" in plan.outline().splitlines()
