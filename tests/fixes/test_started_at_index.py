"""Fix 5: the index exists, is valid, and is used by the search."""

import pytest

from tests.conftest import free_port
from tests.fixes.conftest import Lab, Sql

INDEX = "ix_execution_logs_started_at"
VALID = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)"
SEARCH = "/execution-logs/search"
DAY = {"start": "2025-01-01", "end": "2025-01-02"}


def test_the_search_returns_the_same_logs_through_the_index(lab: Lab, sql: Sql) -> None:
    shipped = lab.start("device_service")
    before = shipped.get(SEARCH, **DAY).json()
    assert len(before["logs"]) == 240
    lab.apply(5)
    sql("ANALYZE execution_logs")
    assert lab.start("device_service").get(SEARCH, **DAY).json() == before
    plan = sql(
        "EXPLAIN SELECT * FROM execution_logs WHERE started_at < now() ORDER BY started_at DESC LIMIT 1"
    )
    assert INDEX in str(plan)


def test_the_invalid_index_of_an_interrupted_build_is_replaced(lab: Lab, sql: Sql) -> None:
    sql(f"CREATE INDEX {INDEX} ON execution_logs (started_at)")
    sql("UPDATE pg_index SET indisvalid = false WHERE indexrelid = to_regclass(%s)", INDEX)
    lab.upgrade(5)
    assert sql(VALID, INDEX) == [(True,)]


@pytest.mark.slow
def test_a_downgrade_drops_the_index_and_can_be_repeated(lab: Lab, sql: Sql) -> None:
    lab.upgrade(5)
    lab.downgrade(5)
    assert sql(VALID, INDEX) == []
    lab.record(5)  # the state after a downgrade that was killed before its last step
    lab.downgrade(5)


def test_sql_mode_needs_no_database(lab: Lab) -> None:
    nowhere = f"postgresql+psycopg2://lab:lab@127.0.0.1:{free_port()}/lab"
    shown = lab.alembic("-n", "fixes", "upgrade", "fix5@head", "--sql", url=nowhere)
    assert shown.code == 0, shown.stderr.decode()
    assert f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {INDEX}".encode() in shown.stdout
