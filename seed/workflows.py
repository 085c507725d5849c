"""The rows of the small tables: devices, bookings, samples and workflows.

They are the same in every lab: `--seed` changes only the execution logs.
"""

import json
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from seed.laboratory import CLOSED, DEVICES, Device

WORKFLOWS = 50
COMPLETED_EVERY = 5
PURPOSES = ("Library prep", "Viability assay", "Protein assay", "Plasmid prep", "Titration")
SAMPLE_TYPES = ("whole blood", "plasma", "cell lysate", "genomic DNA", "buffer")
ROLES = ("input", "control")

Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows to insert. They include the ids, which must not depend on the state of a sequence."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow with a number, counted from 1. Every fifth is completed, the others are pending."""

    number: int
    device: Device

    @property
    def id(self) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"workflow {self.number}"))

    @property
    def completed(self) -> bool:
        return self.number % COMPLETED_EVERY == 0

    @property
    def created_at(self) -> datetime:
        return CLOSED - timedelta(hours=6 * (WORKFLOWS + 1 - self.number))

    @property
    def started_at(self) -> datetime:
        return self.created_at + timedelta(minutes=20)

    @property
    def completed_at(self) -> datetime:
        return self.started_at + timedelta(hours=2)

    def row(self) -> Row:
        times = (self.started_at, self.completed_at) if self.completed else (None, None)
        name = f"{PURPOSES[self.number % len(PURPOSES)]} {self.number:02d}"
        status = "completed" if self.completed else "pending"
        return self.id, name, self.device.id, status, self.created_at, *times

    def steps(self) -> Iterator[Row]:
        """Yield two to four steps, with operations of the workflow's device."""
        known = self.device.operations
        for position in range(1, 3 + self.number % 3):
            operation = known[(position - 1) % len(known)]
            parameters = {"plate": f"P-{self.number:07d}", "seconds": operation.seconds}
            yield self.id, position, operation.name, json.dumps(parameters)

    def samples(self) -> Iterator[Row]:
        """Yield two samples that no other workflow uses."""
        for place, role in enumerate(ROLES):
            yield self.id, (self.number - 1) * len(ROLES) + place + 1, role


def tables() -> tuple[Table, ...]:
    """Return the small tables, each after the tables that it references."""
    available = [device for device in DEVICES if device.status == "available"]
    workflows = [Workflow(number, available[number % len(available)]) for number in range(1, WORKFLOWS + 1)]
    devices = ((device.id, device.name, device.type, device.status, CLOSED) for device in DEVICES)
    bookings = (
        (workflow.device.id, workflow.id, workflow.started_at, workflow.completed_at)
        for workflow in workflows
        if workflow.completed
    )
    samples = (_sample(number) for number in range(1, WORKFLOWS * len(ROLES) + 1))
    steps = (step for workflow in workflows for step in workflow.steps())
    links = (link for workflow in workflows for link in workflow.samples())
    return (
        Table("devices", ("id", "name", "type", "status", "updated_at"), tuple(devices)),
        _numbered("bookings", ("device_id", "workflow_id", "booked_at", "released_at"), bookings),
        _numbered("samples", ("barcode", "type", "volume_ul", "created_at"), samples),
        Table(
            "workflows",
            ("id", "name", "device_id", "status", "created_at", "started_at", "completed_at"),
            tuple(workflow.row() for workflow in workflows),
        ),
        _numbered("workflow_steps", ("workflow_id", "position", "operation", "parameters"), steps),
        _numbered("workflow_samples", ("workflow_id", "sample_id", "role"), links),
    )


def _sample(number: int) -> Row:
    kind = SAMPLE_TYPES[number % len(SAMPLE_TYPES)]
    volume = 50 + 25 * (number % 7)
    return f"SMP-{number:05d}", kind, volume, CLOSED - timedelta(days=30, minutes=-number)


def _numbered(name: str, columns: tuple[str, ...], rows: Iterable[Row]) -> Table:
    """Return a table with ids from 1, in the order of its rows."""
    return Table(name, ("id", *columns), tuple((number, *row) for number, row in enumerate(rows, start=1)))
