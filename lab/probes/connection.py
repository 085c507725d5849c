"""Rows that a probe adds to the shadow and reads back: fresh devices, bookings, workflows."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lab.database import connect

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

APPLICATION = "lab probe"


@dataclass(frozen=True, slots=True)
class Device:
    """A device as the database has it, and the workflows whose bookings of it are open."""

    id: str
    status: str
    workflow: str | None
    open_bookings: tuple[str, ...]

    def held_once_by(self, workflow: str) -> bool:
        return self.status == "busy" and self.workflow == workflow and self.open_bookings == (workflow,)

    @property
    def free(self) -> bool:
        return self.status == "available" and self.workflow is None and not self.open_bookings

    def __str__(self) -> str:
        holder = f" with {self.workflow}" if self.workflow else ""
        count = len(self.open_bookings)
        return f"{self.status}{holder}, {count} open booking{'' if count == 1 else 's'}"


@dataclass(frozen=True, slots=True)
class ProbeConnection:
    """One connection to the shadow, as its owner."""

    connection: Connection

    def query(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(query, values or None)
            return cursor.fetchall() if cursor.description else []

    def value(self, query: str, *values: Any) -> Any:
        """The first column of the first row."""
        return self.query(query, *values)[0][0]

    def new_device(self, status: str = "available") -> str:
        device = f"probe-{uuid.uuid4().hex[:12]}"
        self.query(
            "INSERT INTO devices (id, name, type, status) VALUES (%s, %s, 'centrifuge', %s)",
            device,
            device,
            status,
        )
        return device

    def device(self, device: str) -> Device:
        found = self.query(
            "SELECT status, workflow_id, ARRAY(SELECT workflow_id::text FROM bookings"
            " WHERE device_id = d.id AND released_at IS NULL ORDER BY id) FROM devices d WHERE id = %s",
            device,
        )
        status, workflow, bookings = found[0]
        return Device(device, status, workflow, tuple(bookings))


def new_workflow_id() -> str:
    return str(uuid.uuid4())


def moment(text: Any) -> datetime | None:
    """The moment that an answer names, in UTC without a zone, as the database keeps it."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found


@contextmanager
def open_connection(url: str) -> Iterator[ProbeConnection]:
    with closing(connect(url, application=APPLICATION)) as connection:
        yield ProbeConnection(connection)
