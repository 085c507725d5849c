"""The rows that a search of the execution logs must return, and changes that it must notice."""

from datetime import datetime, timedelta
from typing import Any

from lab.probing.client import Reply
from lab.probing.connection import ProbeConnection, parse_timestamp

TABLE = "execution_logs"
ADDED = "probe"
"""The workflow of the added logs, and the status of the changed one."""

LOOK_BACK = timedelta(days=60)
"""Usually, the previous log of each device starts within this time before the span."""

EXPECTED = f"""
SELECT id, device_id, started_at, completed_at, status,
       CASE WHEN ended IS NOT NULL THEN greatest(0, extract(epoch FROM started_at - ended)) END
  FROM (SELECT *, lag(completed_at) OVER (PARTITION BY device_id ORDER BY started_at, id) AS ended
          FROM {TABLE} WHERE started_at >= %s) AS log
 WHERE started_at >= %s AND started_at < %s ORDER BY started_at, id
"""
ADD = f"""
INSERT INTO {TABLE} (device_id, workflow_id, operation, status, started_at, completed_at, duration_ms)
SELECT device_id, %s, 'spin', 'completed', start_at, start_at + interval '5 s', 5000
  FROM (SELECT device_id, ended + (started_at - ended) / 2 AS start_at
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
    """The logs that start from `start` until before `end`, as rows of EXPECTED, in order.

    The last column is the idle time in seconds since the device's previous log; None for its first log.
    """
    for since in (start - LOOK_BACK, datetime.min):
        found = connection.query(EXPECTED, since, start, end)
        if all(row[-1] is not None for row in found):
            break
    return found


def change(connection: ProbeConnection, start: datetime, end: datetime) -> None:
    """Add up to two logs within the span, and change one's status, so that a cached response is outdated."""
    connection.query(ADD, ADDED, start, end)
    connection.query(MARK, ADDED, start, end)


def change_back(connection: ProbeConnection) -> None:
    connection.query(f"DELETE FROM {TABLE} WHERE workflow_id = %s", ADDED)
    connection.query(f"UPDATE {TABLE} SET status = 'completed' WHERE status = %s", ADDED)


def difference(reply: Reply, expected: list[tuple[Any, ...]]) -> str:
    """What is wrong with the response; empty if it has the expected logs in order, with idle times to 1 s."""
    logs = reply.objects("logs")
    if logs is None:
        return "the response is not a list of logs"
    if len(logs) != len(expected):
        return f"the response has {len(logs)} logs of {len(expected)}"
    for found, (number, device, started, completed, status, idle) in zip(logs, expected, strict=True):
        if found.get("id") != number:
            return f"log {number} is in the wrong place"
        times = [parse_timestamp(found.get(name)) for name in ("started_at", "completed_at")]
        if times != [started, completed] or (found.get("device_id"), found.get("status")) != (device, status):
            return f"log {number} differs from its row in the database"
        seconds = found.get("idle_seconds")
        if (seconds is None) != (idle is None):
            return f"log {number} has idle_seconds {seconds}, not {idle}"
        if idle is not None and not _close(seconds, float(idle)):
            return f"log {number} has idle_seconds {seconds}, not {float(idle):g}"
    return ""


def _close(seconds: Any, idle: float) -> bool:
    return isinstance(seconds, int | float) and abs(seconds - idle) < 1.0
