"""The rows of the small tables, as the bugs need them."""

import uuid
from collections import Counter
from typing import Any

from seed import workflows
from seed.laboratory import DEVICES

TABLES = {table.name: table for table in workflows.tables()}
DEVICE = {device.id: device for device in DEVICES}


def rows(table: str) -> list[dict[str, Any]]:
    return [dict(zip(TABLES[table].columns, row, strict=True)) for row in TABLES[table].rows]


def test_there_are_50_workflows_whose_ids_are_uuids() -> None:
    ids = [workflow["id"] for workflow in rows("workflows")]

    assert len(set(ids)) == 50
    assert [str(uuid.UUID(id)) for id in ids] == ids


def test_every_workflow_has_two_to_four_steps_counted_from_one() -> None:
    for workflow in rows("workflows"):
        steps = [step for step in rows("workflow_steps") if step["workflow_id"] == workflow["id"]]
        assert 2 <= len(steps) <= 4
        assert [step["position"] for step in steps] == list(range(1, len(steps) + 1))


def test_steps_are_operations_of_the_workflows_device() -> None:
    device = {workflow["id"]: DEVICE[workflow["device_id"]] for workflow in rows("workflows")}

    for step in rows("workflow_steps"):
        assert step["operation"] in {known.name for known in device[step["workflow_id"]].operations}


def test_every_workflow_has_two_samples_of_its_own() -> None:
    links = rows("workflow_samples")

    assert set(Counter(link["workflow_id"] for link in links).values()) == {2}
    assert [link["sample_id"] for link in links] == [sample["id"] for sample in rows("samples")]
    assert len({sample["barcode"] for sample in rows("samples")}) == 100


def test_most_workflows_are_pending_and_their_devices_available() -> None:
    statuses = Counter(workflow["status"] for workflow in rows("workflows"))

    assert statuses == {"pending": 40, "completed": 10}
    assert {DEVICE[workflow["device_id"]].status for workflow in rows("workflows")} == {"available"}


def test_no_device_is_busy_and_a_few_are_out_of_service() -> None:
    assert Counter(device["status"] for device in rows("devices")) == {
        "available": 16,
        "maintenance": 2,
        "offline": 2,
    }


def test_every_completed_workflow_has_a_closed_booking_of_its_device() -> None:
    held = {booking["workflow_id"]: booking for booking in rows("bookings")}
    completed = [workflow for workflow in rows("workflows") if workflow["status"] == "completed"]

    assert set(held) == {workflow["id"] for workflow in completed}
    for workflow in completed:
        booking = held[workflow["id"]]
        assert booking["device_id"] == workflow["device_id"]
        assert workflow["created_at"] < booking["booked_at"] < booking["released_at"]
