"""Requests to the device queue, and what their responses contain. Candidates choose the form of these."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lab.probes.client import Reply, objects, request
from lab.probes.connection import ProbeConnection
from lab.probes.endpoints import Service, ServiceFailed

TIMEOUT = 20.0
GATED_TIMEOUT = 35.0
"""Seconds: longer than the gate holds a request."""

RUNS = 12
ADD_RUNS = """
WITH runs AS (
    SELECT start_at, start_at + %(seconds)s * interval '1 s' AS ended
      FROM (SELECT now() AT TIME ZONE 'UTC' - n * interval '2 hours' FROM generate_series(1, %(runs)s) AS n)
        AS starts (start_at)
), booked AS (
    INSERT INTO bookings (device_id, workflow_id, booked_at, released_at)
    SELECT %(device)s, 'probe', start_at, ended FROM runs ORDER BY start_at
)
INSERT INTO execution_logs (device_id, workflow_id, operation, status, started_at, completed_at, duration_ms)
SELECT %(device)s, 'probe', 'spin', 'completed', start_at, ended, extract(epoch FROM ended - start_at) * 1000
  FROM runs ORDER BY start_at
"""
EXTEND_BOOKING = """
UPDATE bookings SET booked_at = booked_at - %(seconds)s * interval '1 s'
 WHERE device_id = %(device)s AND released_at IS NULL;
UPDATE devices SET updated_at = updated_at - %(seconds)s * interval '1 s' WHERE id = %(device)s
"""


class BrokenPromise(Exception):
    """The queue does not keep its contract."""


def expect(condition: bool, problem: str) -> None:
    """Raises BrokenPromise: the condition is false. `problem` is a clause saying what was observed."""
    if not condition:
        raise BrokenPromise(problem)


@dataclass(frozen=True, slots=True)
class Queue:
    """The device queues, through all replicas of device-service, and the database.

    Raises:
        ServiceFailed: a request got no response. Later requests would wait as long and show no more.
    """

    services: Sequence[Service]
    connection: ProbeConnection
    timeout: float = TIMEOUT

    def join(self, device: str, workflow: str, priority: str | None = None, *, replica: int = 0) -> Reply:
        body = {"workflow_id": workflow} | ({"priority": priority} if priority else {})
        return self._send(replica, "POST", f"/devices/{device}/queue", body)

    def join_without_workflow(self, device: str) -> Reply:
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
        """The waiting entries, the next one first; None if the response has no list of entries."""
        return entries_in(self.listing(device))

    def waiting(self, device: str) -> list[str] | None:
        """The workflows of `entries`."""
        entries = self.entries(device)
        return None if entries is None else [str(entry.get("workflow_id")) for entry in entries]

    def expect_state(self, device: str, holder: str, waiting: list[str] | None, what: str) -> None:
        """Expect that the holder has the device, and that these workflows wait; None if any may wait."""
        after, found = self.connection.device(device), self.waiting(device)
        expect(
            after.held_once_by(holder) and waiting in (None, found),
            f"{what}: the device is {after}, {len(found or ())} waiting",
        )

    def add_runs(self, device: str, seconds: int) -> None:
        """Add recent runs of the device that took this long, each with its own booking."""
        self.connection.query(ADD_RUNS, device=device, seconds=seconds, runs=RUNS)

    def extend_booking(self, device: str, seconds: int) -> None:
        """Move the start of the device's open booking back by this time."""
        self.connection.query(EXTEND_BOOKING, device=device, seconds=seconds)

    def _send(self, replica: int, method: str, path: str, body: Any = None) -> Reply:
        service = self.services[replica % len(self.services)]
        reply = request(service.url, path, method=method, body=body, timeout=self.timeout)
        if reply.status is None:
            raise ServiceFailed(str(reply))
        return reply


def entries_in(listing: Reply) -> list[dict[str, Any]] | None:
    """The list of entries that is the body, its member `queue`, or its only list; None if there is none."""
    document = listing.json
    if isinstance(document, dict):
        lists = [value for value in document.values() if isinstance(value, list)]
        document = document.get("queue", lists[0] if len(lists) == 1 else None)
    return objects(document)


def member(reply: Reply, name: str) -> Any:
    """A member of the body, or of the first object in it that has this member; None if there is none."""
    document = reply.json
    if not isinstance(document, dict):
        return None
    if name in document:
        return document[name]
    inner = [value for value in document.values() if isinstance(value, dict) and name in value]
    return inner[0][name] if inner else None


def estimate(reply: Reply) -> tuple[bool, Any]:
    """Whether the body has an estimate of the wait, and its value. None is an estimate too."""
    document = reply.json
    if isinstance(document, dict):
        for name, value in document.items():
            if "wait" in name and not isinstance(value, dict | list | str):
                return True, value
    return False, None


def has_reason(reply: Reply) -> bool:
    """Whether the body has a text that explains the estimate."""
    document = reply.json
    return isinstance(document, dict) and any(
        isinstance(value, str) and value.strip() and word in name
        for name, value in document.items()
        for word in ("reason", "message", "detail", "note", "explanation")
    )
