"""Send requests to the device queue, and read the responses, whose form each candidate chooses."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lab.probing.bench import Service, ServiceFailed
from lab.probing.client import Reply, objects, request

from ..devices import LaboratoryConnection, new_workflow_id

TIMEOUT = 20.0
GATED_TIMEOUT = 35.0
"""Seconds: more than the gate's own timeout."""

LOGGED_WORKFLOW = new_workflow_id()
"""The workflow of the operations that are added."""

OPERATIONS = 12
ADD_OPERATIONS = """
WITH past AS (
    SELECT start_at, start_at + %(seconds)s * interval '1 s' AS ended
      FROM (SELECT now() AT TIME ZONE 'UTC' - %(days)s * interval '1 day' - n * interval '2 hours'
              FROM generate_series(1, %(count)s) AS n)
        AS starts (start_at)
), booked AS (
    INSERT INTO bookings (device_id, workflow_id, booked_at, released_at)
    SELECT %(device)s, %(workflow)s, start_at, ended FROM past ORDER BY start_at
)
INSERT INTO execution_logs (device_id, workflow_id, operation, status, started_at, completed_at, duration_ms)
SELECT %(device)s, %(workflow)s, 'spin', 'completed', start_at, ended,
       extract(epoch FROM ended - start_at) * 1000
  FROM past ORDER BY start_at
"""
EXTEND_BOOKING = """
UPDATE bookings SET booked_at = booked_at - %(seconds)s * interval '1 s'
 WHERE device_id = %(device)s AND released_at IS NULL;
UPDATE devices SET updated_at = updated_at - %(seconds)s * interval '1 s' WHERE id = %(device)s
"""


class BrokenPromise(Exception):
    """The queue does not keep its contract. The message is a clause saying what was observed."""


def expect(condition: bool, problem: str) -> None:
    """Raises BrokenPromise: the condition is false. `problem` is its message."""
    if not condition:
        raise BrokenPromise(problem)


@dataclass(frozen=True, slots=True)
class Queue:
    """Requests to the device queues. `replica` numbers the instances from 0, and starts over after the last.

    Raises:
        ServiceFailed: a request got no complete response. The probe ends: later requests could wait as long.
    """

    services: Sequence[Service]
    connection: LaboratoryConnection
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
        """The waiting entries in the order of the response; None if it has no list of entries."""
        return entries_in(self.listing(device))

    def waiting(self, device: str) -> list[str] | None:
        """The workflow ids of the waiting entries, in the same order; None if there is no list of entries."""
        entries = self.entries(device)
        return None if entries is None else [str(entry.get("workflow_id")) for entry in entries]

    def expect_state(self, device: str, holder: str, waiting: list[str] | None, what: str) -> None:
        """Raises BrokenPromise: `holder` does not have the device, or other workflows than `waiting` wait.

        `waiting` is in order; None if any may wait. `what` is the start of the message.
        """
        after, found = self.connection.device(device), self.waiting(device)
        right = after.held_once_by(holder) and waiting in (None, found)
        expect(right, f"{what}: the device is {after}, {len(found or ())} waiting")

    def add_operations(self, device: str, seconds: int, days: int = 0) -> None:
        """Add twelve operations of the device, each of this length, with their logs and bookings.

        They are of the 24 hours that ended so many `days` ago.
        """
        values = {"device": device, "workflow": LOGGED_WORKFLOW, "seconds": seconds, "days": days}
        self.connection.query(ADD_OPERATIONS, **values, count=OPERATIONS)

    def extend_booking(self, device: str, seconds: int) -> None:
        """Move the start of the open booking and the device's `updated_at` so many seconds into the past."""
        self.connection.query(EXTEND_BOOKING, device=device, seconds=seconds)

    def _send(self, replica: int, method: str, path: str, body: Any = None) -> Reply:
        service = self.services[replica % len(self.services)]
        reply = request(service.url, path, method=method, body=body, timeout=self.timeout)
        if reply.status is None:
            raise ServiceFailed(str(reply))
        return reply


def entries_in(listing: Reply) -> list[dict[str, Any]] | None:
    """The queue's entries: the body if it is a list, else its member `queue`, else its only list.

    None if that is not a list of objects.
    """
    document = listing.json
    if isinstance(document, dict):
        lists = [value for value in document.values() if isinstance(value, list)]
        document = document.get("queue", lists[0] if len(lists) == 1 else None)
    return objects(document)


def member(reply: Reply, name: str) -> Any:
    """The value of a member of the body, or of the first object in it with this member; None without one."""
    document = reply.json
    if not isinstance(document, dict):
        return None
    if name in document:
        return document[name]
    inner = [value for value in document.values() if isinstance(value, dict) and name in value]
    return inner[0][name] if inner else None


def estimate(reply: Reply) -> tuple[bool, Any]:
    """Whether the body has a member for the wait that is a number or null, and its value."""
    document = reply.json
    if isinstance(document, dict):
        for name, value in document.items():
            if "wait" in name and not isinstance(value, dict | list | str):
                return True, value
    return False, None


def has_reason(reply: Reply) -> bool:
    """Whether the body has a member, such as `reason`, with a text that explains the estimate."""
    document = reply.json
    return isinstance(document, dict) and any(
        isinstance(value, str) and value.strip() and word in name
        for name, value in document.items()
        for word in ("reason", "message", "detail", "note", "explanation")
    )
