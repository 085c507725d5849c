"""Fix 6: pages have a limited size. While the table does not change, each log is on exactly one page."""

import math

import pytest

from tests.fixes.conftest import Lab, Sql
from tests.fixes.replica import Replica

LOGS = "/execution-logs"
NEWEST_FIRST = "SELECT id FROM execution_logs ORDER BY started_at DESC, id DESC"


@pytest.fixture(scope="module")
def service(shared_lab: Lab) -> Replica:
    """device-service with fix 6, which changes no schema."""
    shared_lab.patch(6)
    return shared_lab.start("device_service")


def test_the_pages_together_are_the_whole_log_newest_first(service: Replica, shared_sql: Sql) -> None:
    # Many logs start at the same time, so that only the id orders them.
    shared_sql("UPDATE execution_logs SET started_at = '2025-06-01' WHERE id % 3 = 0")
    expected = [row[0] for row in shared_sql(NEWEST_FIRST)]
    found: list[int] = []
    for page in range(1, 75):
        answer = service.get(LOGS, page=page, per_page=7).json()
        assert (answer["page"], answer["per_page"], answer["total"]) == (page, 7, len(expected))
        found += [log["id"] for log in answer["logs"]]
    assert found == expected


def test_a_page_has_50_logs_by_default_and_at_most_100(service: Replica) -> None:
    for asked, given in (
        ({}, 50),
        ({"per_page": 3}, 3),
        ({"per_page": 101}, 100),
        ({"per_page": 10**9}, 100),
    ):
        answer = service.get(LOGS, **asked).json()
        assert (len(answer["logs"]), answer["per_page"]) == (given, given)


def test_a_log_added_between_two_pages_repeats_one_and_hides_none(service: Replica, shared_sql: Sql) -> None:
    expected = [row[0] for row in shared_sql(NEWEST_FIRST)]
    first = [log["id"] for log in service.get(LOGS, page=1, per_page=10).json()["logs"]]
    shared_sql(
        "INSERT INTO execution_logs (device_id, workflow_id, operation, status, started_at)"
        " VALUES ('device-01', 'w', 'spin', 'running', '2030-01-01')"
    )
    second = [log["id"] for log in service.get(LOGS, page=2, per_page=10).json()["logs"]]
    assert first == expected[:10]
    assert second == expected[9:19]


def test_pages_after_the_last_one_are_empty(service: Replica, shared_sql: Sql) -> None:
    [(total,)] = shared_sql("SELECT count(*) FROM execution_logs")
    for page in (math.ceil(total / 50) + 1, 2**31, 2**63 - 1):
        answer = service.get(LOGS, page=page)
        assert answer.status_code == 200
        assert (answer.json()["logs"], answer.json()["total"]) == ([], total)


def test_an_invalid_page_is_a_bad_request(service: Replica) -> None:
    for name in ("page", "per_page"):
        for value in ("0", "-1", "1.0", "1e3", "one", "", " 1", "٣", str(2**63), "9" * 5000):
            answer = service.get(LOGS, **{name: value})
            assert (answer.status_code, list(answer.json())) == (400, ["error"]), (name, value[:20])
