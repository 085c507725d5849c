"""The contract of the device queue for one client. Each check raises BrokenPromise if it is not kept."""

import time
from itertools import pairwise
from typing import Any

from lab.probing.client import Reply

from ..devices import new_device_id, new_workflow_id
from .calls import BrokenPromise, Queue, entries_in, estimate, expect, has_reason, member

CREATED = 201
QUICK, SLOW = 1800, 6000
"""Seconds of the operations whose waits are compared: much more than can pass between two requests."""

ROUNDING = 60.0
"""Seconds: the most by which an estimate may be rounded."""


def books_at_once(queue: Queue) -> None:
    """A workflow that joins the empty queue of a free device gets the device."""
    device, workflow = queue.connection.new_device(), new_workflow_id()
    reply = queue.join(device, workflow)
    expect(reply.status == CREATED, f"{_brief(reply)} for a free device")
    queue.expect_state(device, workflow, None, "a workflow queued for a free device and did not get it")


def serves_in_order(queue: Queue) -> None:
    """A release hands the device to the next entry: high, then normal, then low priority, each by arrival."""
    device, holder = queue.connection.new_busy_device()
    workflows = [new_workflow_id() for _ in range(6)]
    first, last, urgent, second, urgent_too, last_too = workflows
    joins = [(first, "normal", 1), (last, "low", 2), (urgent, "high", 1), (second, None, 3)]
    joins += [(urgent_too, "high", 2), (last_too, "low", 6)]
    for workflow, priority, position in joins:
        reply = queue.join(device, workflow, priority)
        expect(reply.status == CREATED, f"{_brief(reply)} for a busy device")
        given = member(reply, "position")
        expect(given == position, f"the entry at position {position} was answered with position {given}")
    order = [urgent, urgent_too, first, second, last, last_too]
    _expect_listed(queue, device, order)
    for number, workflow in enumerate(order, start=1):
        reply = queue.release(device, holder)
        expect(reply.ok, f"release {number} with workflows waiting fails: {_brief(reply)}")
        what = f"release {number} did not serve exactly the next workflow"
        queue.expect_state(device, workflow, order[number:], what)
        holder = workflow
    queue.release(device, holder)
    after = queue.connection.device(device)
    expect(after.free, f"released with an empty queue, the device is {after}")


def refuses(queue: Queue) -> None:
    """Requests that cannot be granted are refused with the right status, and change nothing."""
    device, holder = queue.connection.new_busy_device()
    waiting = new_workflow_id()
    joined = queue.join(device, waiting)
    expect(joined.ok, _brief(joined))
    unknown = new_device_id()
    for what, reply, status in (
        ("queueing twice", queue.join(device, waiting), 409),
        ("queueing for a device that the workflow holds", queue.join(device, holder), 409),
        ("an unknown priority", queue.join(device, new_workflow_id(), "urgent"), 400),
        ("no workflow_id", queue.join_without_workflow(device), 400),
        ("queueing for an unknown device", queue.join(unknown, new_workflow_id()), 404),
        ("the queue of an unknown device", queue.listing(unknown), 404),
        ("the wait for an unknown device", queue.wait_time(unknown), 404),
        ("cancelling an unknown entry", queue.cancel(device, 2_000_000_000), 404),
    ):
        _expect_status(reply, status, what)
    expect(queue.waiting(device) == [waiting], "a refused request changed the queue")


def cancels(queue: Queue) -> None:
    """A cancelled entry is not served, and its workflow may join again; a served one cannot be cancelled."""
    device, holder = queue.connection.new_busy_device()
    cancelled, next_one, third = (new_workflow_id() for _ in range(3))
    for workflow in (cancelled, next_one, third):
        queue.join(device, workflow)
    entries = {str(entry.get("workflow_id")): entry.get("id") for entry in queue.entries(device) or ()}
    expect(set(entries) == {cancelled, next_one, third}, "the queue does not list the waiting workflows")
    reply = queue.cancel(device, entries[cancelled])
    expect(reply.ok, f"cancelling an entry answers {reply.status}")
    expect(queue.waiting(device) == [next_one, third], "a cancelled entry is still in the queue")
    queue.release(device, holder)
    queue.expect_state(device, next_one, None, "with the first entry cancelled, the second was not served")
    late = queue.cancel(device, entries[next_one])
    _expect_status(late, 409, "cancelling an entry that has the device")
    again = queue.join(device, cancelled)
    last = again.status == CREATED and queue.waiting(device) == [third, cancelled]
    expect(last, f"after cancelling, queueing again: {_brief(again)}")


def waits_out_maintenance(queue: Queue) -> None:
    """A device in maintenance or offline is not handed over. Once it is available, the next entry gets it."""
    device, workflow, later = queue.connection.new_device("maintenance"), new_workflow_id(), new_workflow_id()
    for one in (workflow, later):
        reply = queue.join(device, one)
        expect(reply.status == CREATED, f"{_brief(reply)} for a device in maintenance")
    after = queue.connection.device(device)
    unchanged = after.status == "maintenance" and not after.open_bookings
    expect(unchanged, f"a device in maintenance was booked: it is {after}")
    queue.set_status(device, "offline")
    after = queue.connection.device(device)
    booked = after.open_bookings or after.status == "busy"
    expect(not booked, f"a device that is offline was booked: it is {after}")
    reply = queue.set_status(device, "available")
    what = f"back in service ({_brief(reply)}), the device did not serve exactly the next workflow"
    queue.expect_state(device, workflow, [later], what)


def estimates_the_wait(queue: Queue) -> None:
    """A wait is 0 if free, grows with operations and entries ahead, is null with a reason in maintenance."""
    started = time.monotonic()
    free = queue.connection.new_device()
    (quick, _), (slow, _) = queue.connection.new_busy_device(), queue.connection.new_busy_device()
    out = queue.connection.new_device("maintenance")
    for device, seconds in ((free, QUICK), (quick, QUICK), (slow, SLOW), (out, QUICK)):
        queue.add_operations(device, seconds)
    replies = [queue.wait_time(device) for device in (free, quick, slow, out)]
    _expect_estimates(*replies, room=_room(started))
    _expect_recent_operations(queue, replies[2], _room(started))
    _expect_falling_wait(queue)
    before = estimate(queue.wait_time(quick, "low"))[1]
    for _ in range(3):
        queue.join(quick, new_workflow_id(), "normal")
    after = estimate(queue.wait_time(quick, "low"))[1]
    ahead = estimate(queue.wait_time(quick, "high"))[1]
    waits = f"{before} s, with three in line {after} s, at high priority {ahead} s"
    room = _room(started)
    longer = _less(before, after, room) and _less(ahead, after, room)
    expect(longer, f"the wait does not depend on the entries ahead: {waits}")
    entries = queue.entries(quick) or ()
    listed = [value for entry in entries for name, value in entry.items() if "wait" in name]
    rising = len(listed) == 3 and all(_less(a, b) for a, b in pairwise(listed))
    expect(rising, f"the queue lists these waits for three in line: {listed}")
    _expect_status(queue.wait_time(quick, "urgent"), 400, "the wait for an unknown priority")


def _room(started: float) -> float:
    """The seconds by which two estimates may differ because of the time since `started`, and of rounding.

    The time that the device has been held may be subtracted from an estimate, or not.
    """
    return time.monotonic() - started + ROUNDING


def _expect_estimates(free: Reply, quick: Reply, slow: Reply, out: Reply, *, room: float) -> None:
    for what, reply in (("free", free), ("busy", quick), ("busy", slow), ("in maintenance", out)):
        given = reply.ok and estimate(reply)[0]
        expect(given, f"the wait for a device that is {what} is not in the response: {_brief(reply)}")
    none, short, long, unknown = (estimate(reply)[1] for reply in (free, quick, slow, out))
    expect(none == 0, f"the wait for a free device is {none}, not 0")
    explained = unknown is None and has_reason(out)
    expect(explained, f"the wait in maintenance is {unknown}, and should be null with a reason")
    waits = f"{short} s with operations of {QUICK} s, {long} s with operations of {SLOW} s"
    longer = _less(0, short) and _less(short, long, room)
    expect(longer, f"the wait does not depend on the device's own operations: {waits}")


def _expect_recent_operations(queue: Queue, slow: Reply, room: float) -> None:
    """A device that has become quick has a shorter wait than one that is still slow."""
    device, _ = queue.connection.new_busy_device()
    for days, seconds in ((3, SLOW), (2, SLOW), (1, QUICK), (0, QUICK)):
        queue.add_operations(device, seconds, days)
    now, still = estimate(queue.wait_time(device))[1], estimate(slow)[1]
    waits = f"{now} s where the latest operations take {QUICK} s, {still} s where all take {SLOW} s"
    expect(_less(now, still, room), f"the wait does not depend on recent operations: {waits}")


def _expect_falling_wait(queue: Queue) -> None:
    """A wait is neither negative nor longer when a booking lasts longer than all operations of the device."""
    device, _ = queue.connection.new_busy_device()
    queue.add_operations(device, 60)
    before = estimate(queue.wait_time(device))[1]
    queue.extend_booking(device, 3600)
    reply = queue.wait_time(device)
    wait = estimate(reply)[1]
    what = "after an hour on a device whose operations take 60 s, the wait"
    expect(reply.ok and not _less(wait, 0), f"{what} is {wait} s ({_brief(reply)})")
    expect(not _less(before, wait, ROUNDING), f"{what} is {wait} s; it was {before} s when the booking began")


def _expect_listed(queue: Queue, device: str, order: list[str]) -> None:
    listing = queue.listing(device)
    entries = entries_in(listing)
    if entries is None:
        raise BrokenPromise(f"no list of entries is in the response: {_brief(listing)}")
    in_order = [entry.get("workflow_id") for entry in entries] == order
    expect(in_order, "the queue is not in order: high, normal, low, and within each by arrival")
    counted = [entry.get("position") for entry in entries] == list(range(1, len(order) + 1))
    expect(counted, "the queue's positions are not 1, 2, 3 and so on")
    waits = all(any("wait" in name for name in entry) for entry in entries)
    expect(waits, "the queue does not list each entry's wait")


def _expect_status(reply: Reply, status: int, what: str) -> None:
    expect(reply.status == status, f"{what} answers {reply.status}, not {status}")


def _less(a: Any, b: Any, room: float = 0) -> bool:
    """Whether both are numbers, and `b` is greater than `a` by more than `room`."""
    return isinstance(a, int | float) and isinstance(b, int | float) and a + room < b


def _brief(reply: Reply) -> str:
    """The reply as a clause, without device ids and query parameters."""
    method, _, path = reply.request.partition(" ")
    words = path.split("?")[0].split("/")
    words = ["{id}" if word.startswith("device-") else word for word in words]
    outcome = str(reply)[len(reply.request) :].lstrip(" :")
    return f"{method} {'/'.join(words)} {outcome}"


CHECKS = (books_at_once, serves_in_order, refuses, cancels, waits_out_maintenance, estimates_the_wait)
