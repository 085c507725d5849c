"""Plans are read from the server's log, of one role in one database, within a block."""

from contextlib import closing
from typing import Any

import psycopg2

from lab.database_url import DatabaseUrl
from lab.probing.connection import open_connection
from lab.probing.plans import Plan, PlanLog, explained
from tests.conftest import Database
from tests.measuring import database_at

QUERY = "SELECT count(*) FROM execution_logs WHERE duration_ms = 1"


def _execute(url: str, query: str = QUERY) -> None:
    with closing(psycopg2.connect(DatabaseUrl.parse(url).libpq)) as service, service.cursor() as cursor:
        cursor.execute(query)


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
        later = f"{QUERY} OR duration_ms = 2"
        with explained(connection, "device_service"):
            _execute(database.url_for("device-service"), later)
        assert [plan.text for plan in log.read("execution_logs")] == [later]


def test_scans_are_counted_by_loop_and_parallel_ones_once() -> None:
    inner = {"Node Type": "Seq Scan", "Relation Name": "t", "Actual Loops": 40}
    shared = {"Node Type": "Seq Scan", "Relation Name": "t", "Actual Loops": 3, "Parallel Aware": True}
    other = {"Node Type": "Index Scan", "Relation Name": "t", "Index Name": "i", "Actual Loops": 9}
    plan = Plan("SELECT", {"Node Type": "Nested Loop", "Plans": [shared, inner, other]})
    assert plan.full_scans("t") == 41
    assert plan.full_scans("u") == 0
    assert "  Index Scan using i on t (9×, 0 blocks)" in plan.outline().splitlines()


def scan(table: str, loops: int = 1, kind: str = "Seq Scan") -> dict[str, Any]:
    return {"Node Type": kind, "Relation Name": table, "Actual Loops": loops}


def append(*nodes: dict[str, Any]) -> Plan:
    return Plan("SELECT", {"Node Type": "Append", "Actual Loops": 1, "Plans": list(nodes)})


PARTS = {"logs_2023": 100, "logs_2024": 100, "logs_2025": 100, "logs_default": 0}


def test_a_scan_of_all_partitions_is_a_scan_of_the_table() -> None:
    assert append(*map(scan, PARTS)).full_scans(PARTS) == 1
    assert append(*(scan(name, 240) for name in PARTS)).full_scans(PARTS) == 240


def test_a_scan_of_one_partition_of_many_is_not() -> None:
    assert append(scan("logs_2025", 240)).full_scans(PARTS) == 0


def test_partitions_that_were_pruned_at_run_time_were_not_scanned() -> None:
    pruned = [scan("logs_2023", 0), scan("logs_2024", 0), scan("logs_2025")]
    plan = append(*pruned)
    assert plan.full_scans(PARTS) == 0
    assert "logs_2023" not in plan.outline()
    assert "logs_2025" in plan.outline()


def test_indexes_of_partitions_are_no_scans_of_the_table() -> None:
    nodes = [scan(name, 240, "Index Scan") for name in PARTS]
    assert append(*nodes).full_scans(PARTS) == 0


def test_a_scan_of_the_partition_with_most_of_the_rows_is_a_scan_of_the_table() -> None:
    assert append(scan("rest", 3)).full_scans({"rest": 990, "logs_2025": 10}) == 3


def test_a_table_without_blocks_can_be_scanned_too() -> None:
    assert append(scan("t", 2)).full_scans({"t": 0}) == 2
