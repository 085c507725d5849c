"""Devices and their bookings: add them, and read their state from the database."""

import random
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from lab.probing import connection as plain
from lab.probing.connection import Database, ProbeConnection

DEVICE_SERVICE = "device-service"
NEW_DEVICE = "INSERT INTO devices (id, name, type, status) VALUES (%(id)s, %(id)s, 'centrifuge', %(status)s)"
BOOK = """
UPDATE devices SET status = 'busy', workflow_id = %(workflow)s WHERE id = %(device)s;
INSERT INTO bookings (device_id, workflow_id) VALUES (%(device)s, %(workflow)s)
"""
DEVICE = """
SELECT status, workflow_id, ARRAY(SELECT workflow_id::text FROM bookings b
                                   WHERE device_id = d.id AND released_at IS NULL ORDER BY b.id)
  FROM devices d WHERE id = %s
"""


@dataclass(frozen=True, slots=True)
class Device:
    """A row of `devices`; `open_bookings` has the workflow of each open booking of it, the oldest first."""

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
class LaboratoryConnection(ProbeConnection):
    """A connection that can also add devices, and read their state."""

    def new_device(self, status: str = "available") -> str:
        """Add a device with this status and without a holder, and return its id."""
        device = new_device_id()
        self.query(NEW_DEVICE, id=device, status=status)
        return device

    def new_busy_device(self) -> tuple[str, str]:
        """Add a device that a workflow holds, and return both ids. `workflows` gets no row."""
        device, workflow = self.new_device(), new_workflow_id()
        self.query(BOOK, device=device, workflow=workflow)
        return device, workflow

    def device(self, device: str) -> Device:
        """The current state of this device. Raises IndexError: there is no such device."""
        status, workflow, bookings = self.query(DEVICE, device)[0]
        return Device(device, status, workflow, tuple(bookings))


@contextmanager
def open_connection(database: Database) -> Iterator[LaboratoryConnection]:
    """Connect for the length of the block. Raises DatabaseUnreachable: the database does not answer."""
    with plain.open_connection(database) as opened:
        yield LaboratoryConnection(opened.connection, opened.observer, opened.database)


def new_device_id() -> str:
    """An id as the seeded devices have it, so that a service cannot tell a probe's device."""
    return f"device-{random.randrange(10**5, 10**9)}"


def new_workflow_id() -> str:
    return str(uuid.uuid4())
