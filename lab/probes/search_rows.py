"""The rows that a search of the execution logs has to answer with, and changes that it has to notice."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from lab.probes.client import Reply
from lab.probes.connection import ProbeConnection, moment

TABLE = "execution_logs"
ADDED = "probe"
"""The workflow of the logs that this probe adds, and the status of the one that it changes."""


LOOK_BACK = timedelta(days=60)
"""How far before the span each device's previous run is, as a rule."""

EXPECTED = f"""
SELECT id, device_id, started_at, completed_at, status,
       CASE WHEN ended IS NOT NULL THEN greatest(0, extract(epoch FROM started_at - ended)) END
  FROM (SELECT *, lag(completed_at) OVER (PARTITION BY device_id ORDER BY started_at, id) AS ended
          FROM {TABLE} WHERE started_at >= %s) AS log
 WHERE started_at >= %s AND started_at < %s ORDER BY started_at, id
"""
ADD = f"""
INSERT INTO {TABLE} (device_id, workflow_id, operation, status, started_at, completed_at, duration_ms)
SELECT device_id, %s, 'spin', 'completed', moment, moment + interval '5 s', 5000
  FROM (SELECT device_id, ended + (started_at - ended) / 2 AS moment
          FROM (SELECT device_id, started_at,
                       lag(completed_at) OVER (PARTITION BY device_id ORDER BY started_at) AS ended
                  FROM {TABLE} WHERE started_at >= %s AND started_at < %s) AS runs
         WHERE started_at - ended > interval '1 min' ORDER BY started_at LIMIT 2) AS gaps
"""
MARK = f"""
UPDATE {TABLE} SET status = %s
 WHERE id = (SELECT max(id) FROM {TABLE}
              WHERE started_at >= %s AND started_at < %s AND status = 'completed')
"""


def expected_rows(connection: ProbeConnection, start: datetime, end: datetime) -> list[tuple[Any, ...]]:
    """The logs of the span with their idle times, by a way that needs no index."""
    for since in (start - LOOK_BACK, datetime.min):
        found = connection.query(EXPECTED, since, start, end)
        if all(row[-1] is not None for row in found):
            break
    return found


def change(connection: ProbeConnection, start: datetime, end: datetime) -> None:
    """Two more runs in the span, and one that ended otherwise: an answer kept from before is out of date."""
    connection.query(ADD, ADDED, start, end)
    connection.query(MARK, ADDED, start, end)


def change_back(connection: ProbeConnection) -> None:
    connection.query(f"DELETE FROM {TABLE} WHERE workflow_id = %s", ADDED)
    connection.query(f"UPDATE {TABLE} SET status = 'completed' WHERE status = %s", ADDED)


def difference(reply: Reply, expected: list[tuple[Any, ...]]) -> str:
    """What is wrong with the answer; empty when it has the span's logs and idle times, in order."""
    document = reply.json
    logs = document.get("logs") if isinstance(document, dict) else document
    if not isinstance(logs, list) or not all(isinstance(one, dict) for one in logs):
        return "the answer is not a list of logs"
    if len(logs) != len(expected):
        return f"the answer has {len(logs)} logs of {len(expected)}"
    for found, (number, device, started, completed, status, idle) in zip(logs, expected, strict=True):
        if found.get("id") != number:
            return f"log {number} is not where it belongs in the answer"
        told = (found.get("device_id"), moment(found.get("started_at")), moment(found.get("completed_at")))
        if told != (device, started, completed) or found.get("status") != status:
            return f"log {number} is not as it is in the database"
        seconds = found.get("idle_seconds")
        if (seconds is None) != (idle is None):
            return f"log {number} has idle_seconds {seconds}, not {idle}"
        if idle is not None and not _close(seconds, float(idle)):
            return f"log {number} has idle_seconds {seconds}, not {float(idle):g}"
    return ""


def _close(seconds: Any, idle: float) -> bool:
    return isinstance(seconds, int | float) and abs(seconds - idle) < 1.0
