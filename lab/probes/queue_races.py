"""What the device queue promises to several callers at once, forced through the write gate."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from lab.probes.client import Reply
from lab.probes.connection import Device, new_workflow_id
from lab.probes.gate import Gate, Passage
from lab.probes.queue_calls import Queue

Send = Callable[[], Reply]


def one_gets_a_free_device(queue: Queue, gate: Gate) -> str:
    """Four queue for a free device at once."""
    device = queue.connection.new_device()
    names = [new_workflow_id() for _ in range(4)]
    passage = gate.pass_through([partial(queue.join, device, w, replica=n) for n, w in enumerate(names)])
    after = queue.connection.device(device)
    if wrong := _failed(passage, "four queueing for a free device at once"):
        return wrong
    line = queue.line(device) or []
    if after.workflow not in names or not after.held_once_by(after.workflow):
        return f"of four that queued for a free device at once, not one has it: it is {after}"
    if sorted([after.workflow, *line]) != sorted(names):
        return f"of four that queued for a free device at once, {1 + len(line)} are served or waiting"
    return ""


def one_entry_a_workflow(queue: Queue, gate: Gate) -> str:
    """The same workflow queues twice at once."""
    device, _ = queue.busy_device()
    workflow = new_workflow_id()
    passage = gate.pass_through([partial(queue.join, device, workflow, replica=n) for n in range(2)])
    if wrong := _failed(passage, "one workflow queueing twice at once"):
        return wrong
    line = queue.line(device)
    if line != [workflow] or len(passage.won) != 1:
        return f"one workflow that queued twice at once waits {len(line or ())} times"
    return ""


def one_release_one_handover(queue: Queue, gate: Gate) -> str:
    """The same release comes twice at once, with two waiting."""
    device, holder = queue.busy_device()
    names = [new_workflow_id() for _ in range(2)]
    for workflow in names:
        queue.join(device, workflow)
    passage = gate.pass_through([partial(queue.release, device, holder, replica=n) for n in range(2)])
    if wrong := _failed(passage, "one release sent twice at once"):
        return wrong
    after = queue.connection.device(device)
    if not after.held_once_by(names[0]) or queue.line(device) != names[1:]:
        waiting = len(queue.line(device) or ())
        return f"one release sent twice at once, with two waiting: the device is {after}, {waiting} waiting"
    return ""


def cancelled_is_not_served(queue: Queue, gate: Gate) -> str:
    """The first in line is cancelled while the device is released; in both orders."""
    return _cancelling(queue, gate, cancel_first=True) or _cancelling(queue, gate, cancel_first=False)


def _cancelling(queue: Queue, gate: Gate, *, cancel_first: bool) -> str:
    device, holder = queue.busy_device()
    names = [new_workflow_id() for _ in range(2)]
    for workflow in names:
        queue.join(device, workflow)
    entry = next((e.get("id") for e in queue.entries(device) or () if e.get("workflow_id") == names[0]), None)
    cancel: Send = partial(queue.cancel, device, entry, replica=0)
    release: Send = partial(queue.release, device, holder, replica=1)
    sends = [cancel, release] if cancel_first else [release, cancel]
    passage = gate.pass_through(sends)
    if wrong := _failed(passage, "a release and a cancellation at once"):
        return wrong
    cancelled = passage.replies[0 if cancel_first else 1].ok
    after, line = queue.connection.device(device), queue.line(device)
    right = (names[1], []) if cancelled else (names[0], names[1:])
    if not after.held_once_by(right[0]) or line != right[1]:
        what = "cancelled" if cancelled else "not cancelled"
        return (
            f"released while the first in line was {what}: the device is {after}, {len(line or ())} waiting"
        )
    return ""


def nobody_waits_for_a_free_device(queue: Queue, gate: Gate) -> str:
    """Somebody queues while the device is released, or comes back from maintenance; in both orders."""
    for frees, what in ((True, "is released"), (False, "comes back from maintenance")):
        for join_first in (True, False):
            device, holder = queue.busy_device()
            if not frees:
                device = queue.connection.new_device("maintenance")
            workflow = new_workflow_id()
            join: Send = partial(queue.join, device, workflow, replica=0)
            free: Send = (
                partial(queue.release, device, holder, replica=1)
                if frees
                else partial(queue.set_status, device, "available", replica=1)
            )
            passage = gate.pass_through([join, free] if join_first else [free, join])
            if wrong := _failed(passage, f"queueing while the device {what}"):
                return wrong
            after = queue.connection.device(device)
            if not after.held_once_by(workflow):
                waiting = len(queue.line(device) or ())
                return f"queueing while the device {what}: in the end it is {after}, {waiting} waiting"
    return ""


def handover_is_one_step(queue: Queue, gate: Gate) -> str:
    """While somebody waits, a released device is at no moment there for anybody else."""
    device, holder = queue.busy_device()
    workflow = new_workflow_id()
    queue.join(device, workflow)
    seen: list[Device] = []
    passage = gate.pass_through(
        [partial(queue.release, device, holder)],
        between=lambda: seen.append(queue.connection.device(device)),
    )
    if wrong := _failed(passage, "a release with one waiting"):
        return wrong
    free = [one for one in seen if one.status == "available"]
    if free:
        return "between a release and the handover, others could see the device as available"
    after = queue.connection.device(device)
    return "" if after.held_once_by(workflow) else f"released with one waiting, the device is {after}"


def _failed(passage: Passage, what: str) -> str:
    for reply in passage.replies:
        if not reply.ok and not reply.refused:
            return f"{what}: one is answered {reply.status or reply.problem}"
    return ""


CHECKS = (
    one_gets_a_free_device,
    one_entry_a_workflow,
    one_release_one_handover,
    cancelled_is_not_served,
    nobody_waits_for_a_free_device,
    handover_is_one_step,
)
