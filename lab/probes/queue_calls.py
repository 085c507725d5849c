"""The calls of the device queue, and what their answers say, whatever their exact form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lab.probes.client import Reply, request
from lab.probes.connection import ProbeConnection, new_workflow_id
from lab.probes.endpoints import Service

TIMEOUT = 20.0
GATED_TIMEOUT = 35.0
"""Seconds: longer than the gate holds anybody up."""

RUNS = 12
RUN = """
WITH runs AS (
    SELECT moment, moment + %s * interval '1 s' AS ended
      FROM (SELECT now() AT TIME ZONE 'UTC' - n * interval '2 hours' FROM generate_series(1, %s) AS n)
        AS starts (moment)
), booked AS (
    INSERT INTO bookings (device_id, workflow_id, booked_at, released_at)
    SELECT %s, 'probe', moment, ended FROM runs ORDER BY moment
)
INSERT INTO execution_logs (device_id, workflow_id, operation, status, started_at, completed_at, duration_ms)
SELECT %s, 'probe', 'spin', 'completed', moment, ended, extract(epoch FROM ended - moment) * 1000
  FROM runs ORDER BY moment
"""
HELD = """
WITH held AS (UPDATE bookings SET booked_at = booked_at - %s * interval '1 s'
               WHERE device_id = %s AND released_at IS NULL)
UPDATE devices SET updated_at = updated_at - %s * interval '1 s' WHERE id = %s
"""


class NoAnswer(Exception):
    """A call that was never answered: whatever else would be asked takes as long and tells no more."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(str(reply))
        self.reply = reply


@dataclass(frozen=True, slots=True)
class Queue:
    """The queues of both replicas' devices, and the rows beneath."""

    services: Sequence[Service]
    connection: ProbeConnection
    timeout: float = TIMEOUT

    def join(self, device: str, workflow: str, priority: str | None = None, *, replica: int = 0) -> Reply:
        body = {"workflow_id": workflow} | ({"priority": priority} if priority else {})
        return self._send(replica, "POST", f"/devices/{device}/queue", body)

    def join_as_nobody(self, device: str) -> Reply:
        """A request that names no workflow."""
        return self._send(0, "POST", f"/devices/{device}/queue", {"priority": "high"})

    def cancel(self, device: str, entry: Any, *, replica: int = 0) -> Reply:
        return self._send(replica, "DELETE", f"/devices/{device}/queue/{entry}")

    def release(self, device: str, workflow: str, *, replica: int = 0) -> Reply:
        return self._send(replica, "POST", f"/devices/{device}/release", {"workflow_id": workflow})

    def set_status(self, device: str, status: str, *, replica: int = 0) -> Reply:
        return self._send(replica, "PATCH", f"/devices/{device}", {"status": status})

    def listing(self, device: str) -> Reply:
        return self._send(0, "GET", f"/devices/{device}/queue")

    def wait_time(self, device: str, priority: str | None = None) -> Reply:
        query = f"?priority={priority}" if priority else ""
        return self._send(0, "GET", f"/devices/{device}/wait-time{query}")

    def entries(self, device: str) -> list[dict[str, Any]] | None:
        """Who waits, in the order that the service tells; None when that cannot be made out."""
        document = self.listing(device).json
        if isinstance(document, dict):
            lists = [value for value in document.values() if isinstance(value, list)]
            document = document.get("queue", lists[0] if len(lists) == 1 else None)
        if not isinstance(document, list) or not all(isinstance(entry, dict) for entry in document):
            return None
        return document

    def line(self, device: str) -> list[str] | None:
        """The workflows that wait, the next one first."""
        entries = self.entries(device)
        return None if entries is None else [str(entry.get("workflow_id")) for entry in entries]

    def busy_device(self) -> tuple[str, str]:
        """A device that some workflow holds, and that workflow."""
        device, holder = self.connection.new_device(), new_workflow_id()
        self.connection.query(
            "UPDATE devices SET status = 'busy', workflow_id = %s WHERE id = %s", holder, device
        )
        self.connection.query("INSERT INTO bookings (device_id, workflow_id) VALUES (%s, %s)", device, holder)
        return device, holder

    def with_runs(self, device: str, seconds: int) -> None:
        """Give the device some recent runs that took this long, each under a booking of its own."""
        self.connection.query(RUN, seconds, RUNS, device, device)

    def held_for(self, device: str, seconds: int) -> None:
        """Have the device be held since that much earlier."""
        self.connection.query(HELD, seconds, device, seconds, device)

    def _send(self, replica: int, method: str, path: str, body: Any = None) -> Reply:
        service = self.services[replica % len(self.services)]
        reply = request(service.url, path, method=method, body=body, timeout=self.timeout)
        if reply.status is None:
            raise NoAnswer(reply)
        return reply


def member(reply: Reply, name: str) -> Any:
    """A member of the answer, or of the one object within it that has it; None where there is none."""
    document = reply.json
    if not isinstance(document, dict):
        return None
    if name in document:
        return document[name]
    inner = [value for value in document.values() if isinstance(value, dict) and name in value]
    return inner[0][name] if inner else None


def estimate(reply: Reply) -> tuple[bool, Any]:
    """Whether the answer has an estimate of the wait, and what it is; null is one."""
    document = reply.json
    if isinstance(document, dict):
        for name, value in document.items():
            if "wait" in name and not isinstance(value, dict | list | str):
                return True, value
    return False, None


def has_reason(reply: Reply) -> bool:
    document = reply.json
    return isinstance(document, dict) and any(
        isinstance(value, str) and value.strip() and word in name
        for name, value in document.items()
        for word in ("reason", "message", "detail", "note", "explanation")
    )
