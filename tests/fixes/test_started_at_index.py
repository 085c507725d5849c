"""Fix 5: the index is there, whole, and serves the search."""

from tests.fixes.conftest import Lab, Sql

INDEX = "ix_execution_logs_started_at"
VALID = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)"
SEARCH = "/execution-logs/search"
DAY = {"start": "2025-01-01", "end": "2025-01-02"}


def test_the_search_finds_the_same_through_the_index(lab: Lab, sql: Sql) -> None:
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


def test_what_a_build_cut_short_left_behind_is_built_anew(lab: Lab, sql: Sql) -> None:
    sql(f"CREATE INDEX {INDEX} ON execution_logs (started_at)")
    sql("UPDATE pg_index SET indisvalid = false WHERE indexrelid = to_regclass(%s)", INDEX)
    lab.migrate("upgrade", "fix5@head")
    assert sql(VALID, INDEX) == [(True,)]


def test_a_downgrade_takes_the_index_away_and_can_be_repeated(lab: Lab, sql: Sql) -> None:
    lab.migrate("upgrade", "fix5@head")
    lab.migrate("downgrade", "fix5@base")
    assert sql(VALID, INDEX) == []
    lab.migrate("stamp", "fix5@head")  # as after a downgrade that was killed before its last step
    lab.migrate("downgrade", "fix5@base")


def test_the_sql_can_be_shown_without_a_database_to_look_at(lab: Lab) -> None:
    shown = lab.alembic("-n", "fixes", "upgrade", "fix5@head", "--sql")
    assert shown.code == 0, shown.stderr.decode()
    assert f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {INDEX}".encode() in shown.stdout
