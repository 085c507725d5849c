"""The contract of the device queue for several clients at once, forced with the write gate.

Each check raises BrokenPromise if the contract is not kept.
"""

from functools import partial

from lab.probing.gate import Gate, Outcome
from lab.probing.load import Send

from ..devices import Device, new_workflow_id
from .calls import BrokenPromise, Queue, expect


def one_gets_a_free_device(queue: Queue, gate: Gate) -> None:
    """Of four workflows that join the queue of a free device at once, one gets it and three wait."""
    device = queue.connection.new_device()
    workflows = [new_workflow_id() for _ in range(4)]
    outcome = gate.pass_through([partial(queue.join, device, w, replica=n) for n, w in enumerate(workflows)])
    after = queue.connection.device(device)
    _expect_answers(outcome, "four queueing for a free device at once")
    line = queue.waiting(device) or []
    holder = after.workflow or ""
    held = holder in workflows and after.held_once_by(holder)
    expect(held, f"of four that queued for a free device at once, none has it: it is {after}")
    kept = sorted([holder, *line]) == sorted(workflows)
    expect(kept, f"of four that queued for a free device at once, {1 + len(line)} are served or waiting")


def one_entry_a_workflow(queue: Queue, gate: Gate) -> None:
    """A workflow that joins the queue twice at once waits once, and one of its requests is refused."""
    device, _ = queue.connection.new_busy_device()
    workflow = new_workflow_id()
    outcome = gate.pass_through([partial(queue.join, device, workflow, replica=n) for n in range(2)])
    _expect_answers(outcome, "one workflow queueing twice at once")
    line = queue.waiting(device)
    once = line == [workflow] and len(outcome.succeeded) == 1
    expect(once, f"one workflow that queued twice at once waits {len(line or ())} times")


def one_release_one_handover(queue: Queue, gate: Gate) -> None:
    """A release that is sent twice at once hands the device over once, to the first of two that wait."""
    device, holder, workflows = _device_with_two_waiting(queue)
    outcome = gate.pass_through([partial(queue.release, device, holder, replica=n) for n in range(2)])
    _expect_answers(outcome, "one release sent twice at once")
    what = "one release sent twice at once, with two waiting"
    queue.expect_state(device, workflows[0], workflows[1:], what)


def cancelled_is_not_served(queue: Queue, gate: Gate) -> None:
    """If cancelling the first entry during a release succeeds, the second is served, else the first."""
    for cancel_first in (True, False):
        device, holder, workflows = _device_with_two_waiting(queue)
        entries = queue.entries(device) or ()
        entry = next((e.get("id") for e in entries if e.get("workflow_id") == workflows[0]), None)
        cancel: Send = partial(queue.cancel, device, entry, replica=0)
        release: Send = partial(queue.release, device, holder, replica=1)
        outcome = gate.pass_through([cancel, release] if cancel_first else [release, cancel])
        _expect_answers(outcome, "a release and a cancellation at once")
        cancelled = outcome.replies[0 if cancel_first else 1].ok
        line = workflows[1:] if cancelled else workflows
        what = f"released while the first in line was{'' if cancelled else ' not'} cancelled"
        queue.expect_state(device, line[0], line[1:], what)


def no_entry_waits_for_a_free_device(queue: Queue, gate: Gate) -> None:
    """A workflow that joins while the device becomes free gets it. Tried in both orders."""
    for released, what in ((True, "is released"), (False, "comes back from maintenance")):
        for join_first in (True, False):
            device, holder = queue.connection.new_busy_device()
            free: Send = partial(queue.release, device, holder, replica=1)
            if not released:
                device = queue.connection.new_device("maintenance")
                free = partial(queue.set_status, device, "available", replica=1)
            workflow = new_workflow_id()
            join: Send = partial(queue.join, device, workflow, replica=0)
            outcome = gate.pass_through([join, free] if join_first else [free, join])
            _expect_answers(outcome, f"queueing while the device {what}")
            queue.expect_state(device, workflow, None, f"queueing while the device {what}")


def handover_is_one_step(queue: Queue, gate: Gate) -> None:
    """While a workflow waits, no other transaction can see a released device as available."""
    device, holder = queue.connection.new_busy_device()
    workflow = new_workflow_id()
    queue.join(device, workflow)
    seen: list[Device] = []
    outcome = gate.pass_through(
        [partial(queue.release, device, holder)],
        between=lambda: seen.append(queue.connection.device(device)),
    )
    _expect_answers(outcome, "a release with one waiting")
    hidden = all(one.status != "available" for one in seen)
    expect(hidden, "between a release and the handover, others could see the device as available")
    queue.expect_state(device, workflow, None, "released with one waiting")


def _device_with_two_waiting(queue: Queue) -> tuple[str, str, list[str]]:
    device, holder = queue.connection.new_busy_device()
    workflows = [new_workflow_id() for _ in range(2)]
    for workflow in workflows:
        queue.join(device, workflow)
    return device, holder, workflows


def _expect_answers(outcome: Outcome, what: str) -> None:
    if outcome.failed:
        reply = outcome.failed[0]
        raise BrokenPromise(f"{what}: one request failed: {reply.status or reply.problem}")


CHECKS = (
    one_gets_a_free_device,
    one_entry_a_workflow,
    one_release_one_handover,
    cancelled_is_not_served,
    no_entry_waits_for_a_free_device,
    handover_is_one_step,
)
