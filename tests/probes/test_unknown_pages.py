"""A list with pages of a form that is not known is unmeasured; what is wrong in its first page is not."""

import re
from pathlib import Path

import pytest

from lab.probing.evidence import Verdict
from lab.runtime.prepared import Prepared
from tests.measuring import Bench, copy_shipped

ROUTE = """    with database.transaction() as session:
        logs = queries.list_execution_logs(session)
        return jsonify(logs=[log.as_json() for log in logs])
"""
BY_HEADER = """    place = request.headers.get("X-Resume-At", 0, type=int)
    with database.transaction() as session:
        logs = queries.list_execution_logs(session, place)
        return jsonify(logs=[log.as_json() for log in logs], resume_at=place + 100)
"""
IMPORT = "from flask import Blueprint, jsonify\n"
SELECT = "session.scalars(sa.select(models.ExecutionLog).order_by(*newest_first)).all()"


def with_pages_by_header(bench: Bench, order: str) -> None:
    routes, queries = "app/device_service/routes.py", "app/device_service/queries.py"
    bench.edit(routes, IMPORT, IMPORT.replace("jsonify", "jsonify, request"))
    bench.edit(routes, ROUTE, BY_HEADER)
    bench.edit(
        queries,
        "def list_execution_logs(session: orm.Session)",
        "def list_execution_logs(session: orm.Session, place: int)",
    )
    bench.edit(queries, SELECT, SELECT.replace("*newest_first)", f"*{order}).limit(100).offset(place)"))


@pytest.mark.slow
def test_pages_that_a_request_header_asks_for_are_not_understood(
    full_server: Prepared, tmp_path: Path
) -> None:
    bench = Bench(copy_shipped(tmp_path / "workspace"), tmp_path / "runs", full_server)
    with_pages_by_header(bench, "newest_first")
    evidence = bench.measure(6)[6]
    assert evidence.verdict is Verdict.UNMEASURED, evidence.why
    assert evidence.why.endswith("Its way to older ones is not understood: resume_at.")


@pytest.mark.slow
def test_a_first_page_that_is_wrong_is_masked_whatever_follows(full_server: Prepared, tmp_path: Path) -> None:
    bench = Bench(copy_shipped(tmp_path / "workspace"), tmp_path / "runs", full_server)
    with_pages_by_header(bench, "(models.ExecutionLog.started_at, models.ExecutionLog.id)")
    evidence = bench.measure(6)[6]
    assert evidence.verdict is Verdict.MASKED, evidence.why
    assert re.search("newest", evidence.why)
