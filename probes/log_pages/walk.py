"""Walk through the pages of the execution logs while rows move in the table, and compare with the table.

First, many logs are added with the timestamp of the newest one. Between two pages their rows are rewritten
in another order, with the same values: only a total order then returns each of them exactly once.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice, pairwise
from typing import Any

from lab.probing.connection import ProbeConnection, parse_timestamp
from lab.probing.parameters import Parameter

from .forms import Number, Pagination, paginations
from .pages import Fetch, Page, Target, page_of

MIN_PAGES = 4
MIN_ROWS = 200
"""The walk ends with this many rows from at least MIN_PAGES pages, or earlier at the last page."""

MOST_FORMS = 5
"""Paginations that are walked through if those before were wrong: another parameter may be the right one."""

TIES = 160
BATCH = f"Spun at 3000 g, run {random.randrange(10**5, 10**9)},"
NEWEST = "SELECT id, started_at FROM execution_logs ORDER BY started_at DESC, id DESC LIMIT %s"
COLUMNS = "device_id, workflow_id, operation, status, message, started_at, completed_at, duration_ms"
TIE = f"""
INSERT INTO execution_logs ({COLUMNS})
SELECT device_id, workflow_id, 'spin', 'completed', %s || ' ' || n, newest, newest + interval '1 s', 1000
  FROM (SELECT max(started_at) AS newest, min(device_id) AS device_id, min(workflow_id) AS workflow_id
          FROM execution_logs) AS edge, generate_series(1, %s) AS n
"""
REWRITE = f"""
WITH gone AS (DELETE FROM execution_logs WHERE message LIKE %s RETURNING id, {COLUMNS})
INSERT INTO execution_logs (id, {COLUMNS}) SELECT * FROM gone ORDER BY md5(id::text || %s)
"""


@dataclass(frozen=True, slots=True)
class Walk:
    """How many pages and rows were read, by which pagination (None: not found), and what is wrong in them.

    `number` is its parameter for the number of a page or row, if it has one.
    """

    by: str | None
    pages: int
    rows: int
    wrong: str = ""
    number: Number | None = None


def walk(connection: ProbeConnection, first: Page, fetch: Fetch, declared: Sequence[Parameter] = ()) -> Walk:
    """Find the pagination, request pages from the first one on, and compare their rows with the database.

    `declared` are the query parameters of the service's OpenAPI file. Where a pagination is wrong which the
    response itself does not name for certain, others are tried; the result is that of a right one, if any is.
    """
    found: Walk | None = None
    for pagination in islice(paginations(first, fetch, declared), MOST_FORMS):
        connection.query(TIE, BATCH, max(TIES, len(first.rows) * 3))
        try:
            walked = _walk(connection, pagination, first, fetch)
        finally:
            connection.query("DELETE FROM execution_logs WHERE message LIKE %s", f"{BATCH}%")
        if not walked.wrong or pagination.certain:
            return walked
        found = found or walked
    return found or Walk(None, 1, len(first.rows), _difference(connection, list(first.rows)))


def _walk(connection: ProbeConnection, pagination: Pagination, first: Page, fetch: Fetch) -> Walk:
    name, number, pages = pagination.name, pagination.number, 0
    rows: list[dict[str, Any]] = []
    target: Target | None = first.target
    while target is not None and (pages < MIN_PAGES or len(rows) < MIN_ROWS):
        reply = fetch(target)
        page = page_of(reply, target) if reply.ok else None
        if page is None:
            return Walk(name, pages, len(rows), f"page {pages + 1} fails: {reply}", number)
        if not page.rows:
            break
        pages += 1
        rows.extend(page.rows)
        target = pagination.next_target(page, len(rows))
        connection.query(REWRITE, f"{BATCH}%", str(pages))
    wrong = _difference(connection, rows) or _last_page_problem(connection, number, first, fetch)
    return Walk(name, pages, len(rows), wrong, number)


def _difference(connection: ProbeConnection, rows: list[dict[str, Any]]) -> str:
    """How these rows differ from the newest rows of the table; empty if they do not."""
    ids = [row.get("id") for row in rows]
    if not all(isinstance(number, int) for number in ids):
        return "some logs have no id"
    repeated = len(ids) - len(set(ids))
    if repeated:
        return f"of {len(ids)} logs on successive pages, {repeated} came twice"
    expected = connection.query(NEWEST, len(rows))
    times = [parse_timestamp(row.get("started_at")) or datetime.min for row in rows]
    if any(earlier < later for earlier, later in pairwise(times)):
        return "the logs are not the newest first"
    if times != [started for _, started in expected]:
        return f"the first {len(rows)} logs are not the newest {len(rows)}: some are left out"
    known = dict(expected)
    # The service may choose which of several logs with the last timestamp are still on the last page.
    misplaced = [n for n, time in zip(ids, times, strict=True) if n not in known and time != times[-1]]
    return f"log {misplaced[0]} is in the wrong place" if misplaced else ""


def _last_page_problem(connection: ProbeConnection, number: Number | None, first: Page, fetch: Fetch) -> str:
    """What is wrong with the last page, where pages are numbered; empty if it ends with the oldest log."""
    if number is None:
        return ""
    total, size = int(connection.value("SELECT count(*) FROM execution_logs")), len(first.rows)
    target = number.at((total - 1) // size * size)
    reply = fetch(target)
    page = page_of(reply, target) if reply.ok else None
    oldest = connection.query("SELECT id, started_at FROM execution_logs ORDER BY started_at, id LIMIT 1")[0]
    if page is None or not page.rows:
        return f"the last page is empty: {reply}"
    if parse_timestamp(page.rows[-1].get("started_at")) != oldest[1]:
        return f"the last page does not end with the oldest log, {oldest[0]}"
    return ""
