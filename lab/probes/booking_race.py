"""Bug 3: can two workflows hold one device? Forced through the write gate, over two replicas."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial

from lab.probes.client import Reply, request
from lab.probes.connection import ProbeConnection, new_workflow_id, open_connection
from lab.probes.endpoints import DEVICE_SERVICE, Endpoints, Service
from lab.probes.evidence import Evidence, Figure, Verdict
from lab.probes.gate import Gate, Passage, write_gate
from lab.probes.load import send_together
from lab.probes.read_gate import read_gate

Way = Callable[[str, Sequence[str]], AbstractContextManager[Gate]]

BUG = 3
NEEDS: tuple[str, ...] = (DEVICE_SERVICE,)
REQUESTS = 4
TIMEOUT = 35.0
"""Seconds: longer than the gate holds anybody up."""

QUICKER = 2
"""Requests, and tries, where the gate may itself have been what a request failed on."""

PLAIN_TIMEOUT = 15.0
BURST = 16
WIDE = 0.08
"""Seconds between being asked and the first write from which on the race is open to any two users."""


def probe(endpoints: Endpoints) -> Evidence:
    """Four bookings of one device through the gate; then, where that went wrong, how easily it goes wrong."""
    down = [service for service in endpoints.devices if service.problem]
    if down:
        return Evidence(BUG, Verdict.PRESENT, f"{down[0].name} could not be asked: it {down[0].problem}.")
    with open_connection(endpoints.database) as connection:
        plain = _one_plain_booking(endpoints.devices[0], connection)
        if plain is not None:
            return plain
        warm(endpoints.devices)
        over_both = _forgiving(endpoints, connection)
        evidence = _judge(endpoints, over_both, connection)
    endpoints.raw["gate"] = [str(reply) for reply in over_both.passage.replies]
    return evidence


class Round:
    """What one set of bookings of one device came to."""

    def __init__(
        self, passage: Passage, open_bookings: int, held_by: str | None, winners: Sequence[str]
    ) -> None:
        self.passage = passage
        self.open_bookings = open_bookings
        self.held_by = held_by
        self.winners = tuple(winners)

    @property
    def count(self) -> int:
        return len(self.passage.replies)

    @property
    def holders(self) -> int:
        return max(self.open_bookings, len(self.winners))

    @property
    def failed(self) -> tuple[Reply, ...]:
        return tuple(reply for reply in self.passage.replies if not reply.ok and not reply.refused)


def book(service: Service, device: str, workflow: str, timeout: float = TIMEOUT) -> Reply:
    return request(
        service.url,
        f"/devices/{device}/book",
        method="POST",
        body={"workflow_id": workflow},
        timeout=timeout,
    )


def warm(services: Sequence[Service], connections: int = 4) -> None:
    """Have each replica open its database connections, so that no request waits for one."""
    sends = [partial(request, service.url, "/devices") for service in services for _ in range(connections)]
    send_together(sends)


def _one_plain_booking(service: Service, connection: ProbeConnection) -> Evidence | None:
    """One booking without any rival has to work, or counting winners proves nothing."""
    device, workflow = connection.new_device(), new_workflow_id()
    reply = book(service, device, workflow, PLAIN_TIMEOUT)
    after = connection.device(device)
    if reply.ok and after.held_once_by(workflow):
        return None
    return Evidence(
        BUG, Verdict.PRESENT, f"One booking of a free device does not work: {reply}; the device is {after}."
    )


def _gated(
    endpoints: Endpoints,
    services: Sequence[Service],
    connection: ProbeConnection,
    count: int = REQUESTS,
    how: Way = write_gate,
) -> Round:
    device = connection.new_device()
    workflows = [new_workflow_id() for _ in range(count)]
    sends: list[Callable[[], Reply]] = [
        partial(book, services[number % len(services)], device, workflow)
        for number, workflow in enumerate(workflows)
    ]
    with how(endpoints.database, [service.url for service in services]) as gate:
        passage = gate.pass_through(sends)
    after = connection.device(device)
    winners = [workflow for workflow, reply in zip(workflows, passage.replies, strict=True) if reply.ok]
    return Round(passage, len(after.open_bookings), after.workflow, winners)


def _forgiving(endpoints: Endpoints, connection: ProbeConnection) -> Round:
    """Whoever waits only briefly for a lock may fail at the gate itself: give two a quicker try."""
    found = _gated(endpoints, endpoints.devices, connection)
    for _ in range(QUICKER):
        answered = all(reply.status is not None for reply in found.failed)
        if found.holders > 1 or not found.failed or not answered:
            break
        found = _gated(endpoints, endpoints.devices, connection, count=QUICKER)
    return found


def _judge(endpoints: Endpoints, found: Round, connection: ProbeConnection) -> Evidence:
    figures = _figures(found)
    if found.holders > 1:
        return _double(endpoints, found, connection, figures)
    if found.failed:
        count = "One" if found.holders else "None"
        why = f"{count} of {found.count} bookings succeeded, {len(found.failed)} failed: {found.failed[0]}."
        return Evidence(BUG, Verdict.MASKED, why, figures)
    if found.holders == 0:
        return _nobody(endpoints, connection, figures)
    if found.winners != (found.held_by,) or found.open_bookings != 1:
        why = f"One booking was answered as made, but the device is held by {found.held_by or 'nobody'}."
        return Evidence(BUG, Verdict.MASKED, f"{why} Open bookings: {found.open_bookings}.", figures)
    why = f"Of {found.count} bookings that overlapped, one got the device; the others were refused."
    return _unless_late(endpoints, connection, figures, why)


def _unless_late(
    endpoints: Endpoints, connection: ProbeConnection, figures: tuple[Figure, ...], why: str
) -> Evidence:
    """Fixed, unless one who read before another's booking still gets the device after it."""
    late = _gated(endpoints, endpoints.devices, connection, count=2, how=read_gate)
    endpoints.raw["late"] = [str(reply) for reply in late.passage.replies]
    if late.holders > 1:
        why = "Two bookings of one device succeeded when one had read it before the other was made."
        return Evidence(BUG, Verdict.MASKED, why, figures)
    burst = _burst(endpoints, connection)
    figures = (*figures, burst)
    if burst.value > 1:
        why = f"{burst.value:.0f} of {BURST} bookings sent at once got the device."
        return Evidence(BUG, Verdict.PRESENT, why, figures)
    return Evidence(BUG, Verdict.FIXED, why, figures)


def _double(
    endpoints: Endpoints, found: Round, connection: ProbeConnection, figures: tuple[Figure, ...]
) -> Evidence:
    alone = _gated(endpoints, endpoints.devices[:1], connection)
    window = found.passage.window
    figures = (
        *figures,
        Figure("winners on one replica", alone.holders, "", 1),
        Figure("time from request to first write", round(window * 1000, 1), "ms"),
    )
    count = f"{found.holders} of {found.count} bookings of one device succeeded"
    if alone.holders == 1 and len(alone.winners) == 1:
        why = f"{count} over two replicas, one over a single one."
        return Evidence(BUG, Verdict.MASKED, why, figures)
    if window < WIDE:
        why = f"{count} when all had read before any wrote; the time between is {window * 1000:.0f} ms."
        return Evidence(BUG, Verdict.MASKED, why, figures)
    figures = (*figures, _burst(endpoints, connection))
    return Evidence(BUG, Verdict.PRESENT, f"{count}: all had read it as available before any wrote.", figures)


def _nobody(endpoints: Endpoints, connection: ProbeConnection, figures: tuple[Figure, ...]) -> Evidence:
    """Whoever gives up a lock at once may lose to the gate itself as well: give two another, quicker try."""
    again = _gated(endpoints, endpoints.devices, connection, count=QUICKER)
    if again.holders > 1:
        return _double(endpoints, again, connection, _figures(again))
    if again.holders == 1 and not again.failed:
        return _unless_late(
            endpoints, connection, figures, "Of two bookings that overlapped, one got the device."
        )
    burst = _burst(endpoints, connection)
    why = f"None of the overlapping bookings succeeded, and {burst.value:.0f} of {BURST} sent at once."
    if burst.value != 1:
        return Evidence(BUG, Verdict.PRESENT, why, (*figures, burst))
    return _unless_late(endpoints, connection, figures, why)


def _burst(endpoints: Endpoints, connection: ProbeConnection) -> Figure:
    """Sixteen at once, without a gate: what a user would meet on a good or a bad day."""
    device = connection.new_device()
    services = endpoints.devices
    replies = send_together(
        [partial(book, services[n % len(services)], device, new_workflow_id()) for n in range(BURST)]
    )
    endpoints.raw["burst"] = [str(reply) for reply in replies]
    winners = max(sum(reply.ok for reply in replies), len(connection.device(device).open_bookings))
    return Figure(f"winners of {BURST} at once", winners, "", 1)


def _figures(found: Round) -> tuple[Figure, ...]:
    return (
        Figure(f"winners of {found.count} through the gate", len(found.winners), "", 1),
        Figure("open bookings of the device", found.open_bookings, "", 1),
    )
