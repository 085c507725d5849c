"""Walk the pages of the execution logs while rows change places beneath them.

Many logs of the very same moment are put on top first. Between two pages their rows are written anew, which
changes where they lie but nothing in them: only a total order keeps such rows from showing twice or never.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from lab.probes.connection import ProbeConnection, moment
from lab.probes.pages import Fetch, Page, Turn, page_of

PAGES = 4
ENOUGH = 200
"""Rows after which the walk ends, once PAGES pages are seen."""

TIES = 160
BATCH = "probe tie"
NEWEST = "SELECT id, started_at FROM execution_logs ORDER BY started_at DESC, id DESC LIMIT %s"
COLUMNS = "device_id, workflow_id, operation, status, message, started_at, completed_at, duration_ms"
TIE = f"""
INSERT INTO execution_logs ({COLUMNS})
SELECT device_id, 'probe', 'spin', 'completed', %s || ' ' || n, newest, newest + interval '1 s', 1000
  FROM (SELECT max(started_at) + interval '1 minute' AS newest, min(device_id) AS device_id
          FROM execution_logs) AS edge, generate_series(1, %s) AS n
"""
REWRITE = f"""
WITH gone AS (DELETE FROM execution_logs WHERE message LIKE %s RETURNING id, {COLUMNS})
INSERT INTO execution_logs (id, {COLUMNS}) SELECT * FROM gone ORDER BY md5(id::text || %s)
"""

FindTurn = Callable[[Page, Fetch], tuple[str, Turn] | None]


@dataclass(frozen=True, slots=True)
class Walk:
    """What a walk found: `by` is how pages are turned (None: no way was found), `wrong` what is amiss."""

    by: str | None
    pages: int
    rows: int
    wrong: str = ""


def walk(connection: ProbeConnection, first: Page, fetch: Fetch, find_turn: FindTurn) -> Walk:
    """Turn page after page, and hold them against the database."""
    found = find_turn(first, fetch)
    if found is None:
        return Walk(None, 1, len(first.rows))
    name, turn = found
    connection.query(TIE, BATCH, max(TIES, len(first.rows) * 3))
    try:
        return _walk(connection, name, turn, first, fetch)
    finally:
        connection.query("DELETE FROM execution_logs WHERE message LIKE %s", f"{BATCH}%")


def _walk(connection: ProbeConnection, name: str, turn: Turn, first: Page, fetch: Fetch) -> Walk:
    seen: list[Page] = []
    rows: list[dict[str, Any]] = []
    query: Mapping[str, Any] | None = {}
    while query is not None and (len(seen) < PAGES or len(rows) < ENOUGH):
        reply = fetch(query)
        page = page_of(reply, query) if reply.ok else None
        if page is None:
            return Walk(name, len(seen), len(rows), f"page {len(seen) + 1} fails: {reply}")
        if not page.rows:
            break
        seen.append(page)
        rows.extend(page.rows)
        query = turn(page, len(rows))
        connection.query(REWRITE, f"{BATCH}%", str(len(seen)))
    wrong = _difference(connection, rows) or _far_end(connection, name, first, fetch)
    return Walk(name, len(seen), len(rows), wrong)


def _difference(connection: ProbeConnection, rows: list[dict[str, Any]]) -> str:
    """What is wrong with these rows as the newest of all; empty when nothing is."""
    ids = [row.get("id") for row in rows]
    if not all(isinstance(number, int) for number in ids):
        return "some logs have no id"
    repeated = len(ids) - len(set(ids))
    if repeated:
        return f"of {len(ids)} logs on successive pages, {repeated} came twice"
    expected = connection.query(NEWEST, len(rows))
    moments = [moment(row.get("started_at")) or datetime.min for row in rows]
    if any(earlier < later for earlier, later in pairwise(moments)):
        return "the logs are not the newest first"
    if moments != [started for _, started in expected]:
        return f"the first {len(rows)} logs are not the newest {len(rows)}: some are left out"
    known = dict(expected)
    # At the last moment of all, which of several equal logs come first is the service's to choose.
    strangers = [
        n for n, moment in zip(ids, moments, strict=True) if n not in known and moment != moments[-1]
    ]
    return f"log {strangers[0]} does not belong where it is" if strangers else ""


def _far_end(connection: ProbeConnection, name: str, first: Page, fetch: Fetch) -> str:
    """Whether the oldest log can be reached, where pages are numbered."""
    if name not in {"page", "offset"}:
        return ""
    total = int(connection.value("SELECT count(*) FROM execution_logs"))
    size = len(first.rows)
    place = (total - 1) // size
    query = {"page": place + 1} if name == "page" else {"offset": place * size}
    reply = fetch(query)
    page = page_of(reply, query) if reply.ok else None
    oldest = connection.query("SELECT id, started_at FROM execution_logs ORDER BY started_at, id LIMIT 1")[0]
    if page is None or not page.rows:
        return f"the last page is empty: {reply}"
    if moment(page.rows[-1].get("started_at")) != oldest[1]:
        return f"the last page does not end with the oldest log, {oldest[0]}"
    return ""
