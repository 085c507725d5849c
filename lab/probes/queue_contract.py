"""What the device queue promises to one caller at a time. Each check answers what is wrong, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from lab.probes.client import Reply
from lab.probes.connection import new_workflow_id
from lab.probes.queue_calls import Queue, estimate, has_reason, member

CREATED = 201


def books_at_once(queue: Queue) -> str:
    """Who queues for a free device with nobody waiting gets it."""
    device, workflow = queue.connection.new_device(), new_workflow_id()
    reply = queue.join(device, workflow)
    if reply.status != CREATED:
        return f"{_brief(reply)} for a free device"
    after = queue.connection.device(device)
    return "" if after.held_once_by(workflow) else f"who queued for a free device did not get it: {after}"


def serves_in_order(queue: Queue) -> str:
    """High before normal before low, and within each whoever came first; by releases, one after another."""
    device, holder = queue.busy_device()
    names = [new_workflow_id() for _ in range(6)]
    first, last, urgent, second, urgent_too, last_too = names
    asked = [(first, "normal", 1), (last, "low", 2), (urgent, "high", 1), (second, None, 3)]
    asked += [(urgent_too, "high", 2), (last_too, "low", 6)]
    for workflow, priority, place in asked:
        reply = queue.join(device, workflow, priority)
        if reply.status != CREATED:
            return f"{_brief(reply)} for a busy device"
        if member(reply, "position") != place:
            return f"who joined at place {place} was told {member(reply, 'position')}"
    order = [urgent, urgent_too, first, second, last, last_too]
    if wrong := _listed(queue, device, order):
        return wrong
    for number, workflow in enumerate(order, start=1):
        reply = queue.release(device, holder)
        after = queue.connection.device(device)
        if not reply.ok or not after.held_once_by(workflow):
            return f"release {number} did not hand the device to who was next: {_brief(reply)}, it is {after}"
        if queue.line(device) != order[number:]:
            return f"after release {number} the queue is not what was left of it"
        holder = workflow
    reply = queue.release(device, holder)
    after = queue.connection.device(device)
    return "" if after.free else f"released with nobody waiting, the device is {after}"


def refuses(queue: Queue) -> str:
    """Whatever cannot be is a 4xx of the right kind."""
    device, holder = queue.busy_device()
    waiting = new_workflow_id()
    joined = queue.join(device, waiting)
    if not joined.ok:
        return _brief(joined)
    nobody = "probe-no-such-device"
    asked: Sequence[tuple[str, Reply, int]] = (
        ("queueing twice", queue.join(device, waiting), 409),
        ("queueing for a device that one holds", queue.join(device, holder), 409),
        ("an unknown priority", queue.join(device, new_workflow_id(), "urgent"), 400),
        ("no workflow_id", queue.join_as_nobody(device), 400),
        ("queueing for an unknown device", queue.join(nobody, new_workflow_id()), 404),
        ("the queue of an unknown device", queue.listing(nobody), 404),
        ("the wait for an unknown device", queue.wait_time(nobody), 404),
        ("cancelling an unknown entry", queue.cancel(device, 2_000_000_000), 404),
    )
    for what, reply, status in asked:
        if reply.status != status:
            return f"{what} answers {reply.status or reply.problem}, not {status}"
    return "" if queue.line(device) == [waiting] else "a refused request changed the queue"


def cancels(queue: Queue) -> str:
    """A cancelled entry is never served, one that was served cannot be cancelled, one may queue again."""
    device, holder = queue.busy_device()
    gone, next_one, third = (new_workflow_id() for _ in range(3))
    for workflow in (gone, next_one, third):
        queue.join(device, workflow)
    entries = {str(entry.get("workflow_id")): entry.get("id") for entry in queue.entries(device) or ()}
    if set(entries) != {gone, next_one, third}:
        return "the queue does not list who waits"
    reply = queue.cancel(device, entries[gone])
    if not reply.ok:
        return f"cancelling an entry answers {reply.status or reply.problem}"
    if queue.line(device) != [next_one, third]:
        return "a cancelled entry is still in the queue"
    queue.release(device, holder)
    after = queue.connection.device(device)
    if not after.held_once_by(next_one):
        return f"with the first entry cancelled, the second did not get the device: {after}"
    late = queue.cancel(device, entries[next_one])
    if late.status != 409:
        return f"cancelling an entry that has the device answers {late.status or late.problem}, not 409"
    again = queue.join(device, gone)
    if again.status != CREATED or queue.line(device) != [third, gone]:
        return f"after cancelling, queueing again: {_brief(again)}"
    return ""


def waits_out_maintenance(queue: Queue) -> str:
    """Nobody gets a device in maintenance; leaving maintenance serves the queue."""
    device, workflow, later = queue.connection.new_device("maintenance"), new_workflow_id(), new_workflow_id()
    for one in (workflow, later):
        reply = queue.join(device, one)
        if reply.status != CREATED:
            return f"{_brief(reply)} for a device in maintenance"
    after = queue.connection.device(device)
    if after.status != "maintenance" or after.open_bookings:
        return f"a device in maintenance was given away: it is {after}"
    queue.set_status(device, "offline")
    after = queue.connection.device(device)
    if after.open_bookings or after.status == "busy":
        return f"a device that is offline was given away: it is {after}"
    reply = queue.set_status(device, "available")
    after = queue.connection.device(device)
    if not after.held_once_by(workflow):
        return f"back in service ({_brief(reply)}), the device did not go to who was next: it is {after}"
    return "" if queue.line(device) == [later] else "back in service, the queue is not what was left of it"


def tells_the_wait(queue: Queue) -> str:
    """0 when free, more the longer the runs and the line, null with a reason in maintenance."""
    free = queue.connection.new_device()
    (quick, _), (slow, _) = queue.busy_device(), queue.busy_device()
    out = queue.connection.new_device("maintenance")
    for device, seconds in ((free, 60), (quick, 60), (slow, 6000), (out, 60)):
        queue.with_runs(device, seconds)
    if wrong := _estimates(queue, (free, quick, slow, out)) or _overdue(queue):
        return wrong
    before = estimate(queue.wait_time(quick, "low"))[1]
    for _ in range(3):
        queue.join(quick, new_workflow_id(), "normal")
    after = estimate(queue.wait_time(quick, "low"))[1]
    ahead = estimate(queue.wait_time(quick, "high"))[1]
    if not _less(before, after) or not _less(ahead, after):
        told = f"{before} s, with three in line {after} s, at high priority {ahead} s"
        return f"the wait does not follow what is ahead: {told}"
    listed = [
        value for entry in queue.entries(quick) or () for name, value in entry.items() if "wait" in name
    ]
    if len(listed) != 3 or not all(_less(a, b) for a, b in pairwise(listed)):
        return f"the queue lists these waits for three in line: {listed}"
    bad = queue.wait_time(quick, "urgent")
    return "" if bad.status == 400 else f"an unknown priority answers {bad.status or bad.problem}, not 400"


def _estimates(queue: Queue, devices: tuple[str, str, str, str]) -> str:
    free, quick, slow, out = (queue.wait_time(device) for device in devices)
    for what, reply in (("free", free), ("busy", quick), ("busy", slow), ("in maintenance", out)):
        if not reply.ok or not estimate(reply)[0]:
            return f"the wait for a device that is {what} is not told: {_brief(reply)}"
    if estimate(free)[1] != 0:
        return f"the wait for a free device is {estimate(free)[1]}, not 0"
    if estimate(out)[1] is not None or not has_reason(out):
        return f"the wait in maintenance is {estimate(out)[1]}, and should be null with a reason"
    if not _less(0, estimate(quick)[1]) or not _less(estimate(quick)[1], estimate(slow)[1]):
        return (
            f"the wait does not follow the device's own runs: {estimate(quick)[1]} s with runs of 60 s, "
            f"{estimate(slow)[1]} s with runs of 6000 s"
        )
    return ""


def _overdue(queue: Queue) -> str:
    """The run that is under way takes longer than any before it."""
    device, _ = queue.busy_device()
    queue.with_runs(device, 60)
    queue.held_for(device, 3600)
    reply = queue.wait_time(device)
    value = estimate(reply)[1]
    if not reply.ok or _less(value, 0):
        return f"with an hour gone on a device whose runs take 60 s, the wait is {value} s ({_brief(reply)})"
    return ""


def _listed(queue: Queue, device: str, order: list[str]) -> str:
    entries = queue.entries(device)
    if entries is None:
        return f"the queue is not listed: {_brief(queue.listing(device))}"
    if [entry.get("workflow_id") for entry in entries] != order:
        return "the queue is not in order: high, normal, low, and within each by arrival"
    if [entry.get("position") for entry in entries] != list(range(1, len(order) + 1)):
        return "the queue's positions are not 1, 2, 3 and so on"
    if not all(any("wait" in name for name in entry) for entry in entries):
        return "the queue does not tell each entry's wait"
    return ""


def _less(a: Any, b: Any) -> bool:
    return isinstance(a, int | float) and isinstance(b, int | float) and a < b


def _brief(reply: Reply) -> str:
    method, _, path = reply.request.partition(" ")
    words = path.split("?")[0].split("/")
    words = ["{id}" if word.startswith("probe-") else word for word in words]
    said = str(reply)[len(reply.request) :].lstrip(" :")
    return f"{method} {'/'.join(words)} {said}"


CHECKS = (books_at_once, serves_in_order, refuses, cancels, waits_out_maintenance, tells_the_wait)
