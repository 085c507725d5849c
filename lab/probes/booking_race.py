"""Bug 3: can two workflows hold one device? Forced with the write gate, over two replicas."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial

from lab.probes.client import Reply, request
from lab.probes.connection import ProbeConnection, new_workflow_id, open_connection
from lab.probes.endpoints import DEVICE_SERVICE, Endpoints, Service, require_running
from lab.probes.evidence import Evidence, Figure, Verdict
from lab.probes.gate import Gate, Outcome, write_gate
from lab.probes.load import send_together, warm_up
from lab.probes.read_gate import read_gate

BUG = 3
NEEDS: tuple[str, ...] = (DEVICE_SERVICE,)
REQUESTS = 4
TIMEOUT = 35.0
"""Seconds: longer than the gate holds a request."""

RETRIES = 2
RETRY_REQUESTS = 2
"""Requests of a retry, which pass the gate faster: a short lock timeout can expire at the gate."""

PLAIN_TIMEOUT = 15.0
BURST = 16
WIDE_WINDOW = 0.08
"""Seconds from a request to its first write: from here on, the race can happen to any two users."""

Figures = tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class Bookings:
    """Overlapping bookings of one device, and the device's holder and open bookings afterwards."""

    outcome: Outcome
    open_bookings: int
    held_by: str | None
    winners: tuple[str, ...]

    @property
    def count(self) -> int:
        return len(self.outcome.replies)

    @property
    def holders(self) -> int:
        return max(self.open_bookings, len(self.winners))

    @property
    def figures(self) -> Figures:
        return (
            Figure(f"winners of {self.count} through the gate", len(self.winners), "", 1),
            Figure("open bookings of the device", self.open_bookings, "", 1),
        )


def probe(endpoints: Endpoints) -> Evidence:
    """Send four bookings of one device through the gate; then measure how easily a double booking happens."""
    require_running(*endpoints.devices)
    with open_connection(endpoints.database) as connection:
        if problem := _plain_booking_problem(endpoints.devices[0], connection):
            return Evidence(BUG, Verdict.PRESENT, problem)
        warm_up(endpoints.devices)
        race = _Race(endpoints, connection)
        bookings = race.book_with_retries()
        verdict, why, figures = race.judge(bookings)
    endpoints.raw["gate"] = [str(reply) for reply in bookings.outcome.replies]
    return Evidence(BUG, verdict, why, figures)


def _plain_booking_problem(service: Service, connection: ProbeConnection) -> str:
    """How one booking without a rival fails; empty if it works. Otherwise counting winners proves nothing."""
    device, workflow = connection.new_device(), new_workflow_id()
    reply = _book(service, device, workflow, PLAIN_TIMEOUT)
    after = connection.device(device)
    if reply.ok and after.held_once_by(workflow):
        return ""
    return f"One booking of a free device does not work: {reply}; the device is {after}."


def _book(service: Service, device: str, workflow: str, timeout: float = TIMEOUT) -> Reply:
    body = {"workflow_id": workflow}
    return request(service.url, f"/devices/{device}/book", method="POST", body=body, timeout=timeout)


@dataclass(frozen=True, slots=True)
class _Race:
    endpoints: Endpoints
    connection: ProbeConnection

    def book_with_retries(self) -> Bookings:
        """Four bookings over both replicas, repeated with two where the gate may have caused a failure."""
        found = self._book_through_gate()
        for _ in range(RETRIES):
            failed = found.outcome.failed
            if found.holders > 1 or not failed or any(reply.status is None for reply in failed):
                break
            found = self._book_through_gate(RETRY_REQUESTS)
        return found

    def judge(self, found: Bookings) -> tuple[Verdict, str, Figures]:
        figures, failed = found.figures, found.outcome.failed
        if found.holders > 1:
            return self._judge_double_booking(found)
        if failed:
            count = "One" if found.holders else "None"
            why = f"{count} of {found.count} bookings succeeded, and {len(failed)} failed: {failed[0]}."
            return Verdict.MASKED, why, figures
        if found.holders == 0:
            return self._judge_no_booking(figures)
        if found.winners != (found.held_by,) or found.open_bookings != 1:
            why = (
                f"One booking was answered with success, but the device is held by"
                f" {found.held_by or 'no workflow'} and has {found.open_bookings} open bookings."
            )
            return Verdict.MASKED, why, figures
        why = f"Of {found.count} bookings that overlapped, one got the device and the others were refused."
        return self._judge_single_booking(figures, why)

    def _judge_single_booking(self, figures: Figures, why: str) -> tuple[Verdict, str, Figures]:
        """Fixed, unless a request that read the device before another's booking also books it."""
        late = self._book_through_gate(2, gate=read_gate)
        self.endpoints.raw["late"] = [str(reply) for reply in late.outcome.replies]
        if late.holders > 1:
            why = "Two bookings of one device succeeded when one had read it before the other was made."
            return Verdict.MASKED, why, figures
        burst = self._burst()
        if burst.value > 1:
            why = f"{burst.value:.0f} of {BURST} bookings sent at once got the device."
            return Verdict.PRESENT, why, (*figures, burst)
        return Verdict.FIXED, why, (*figures, burst)

    def _judge_double_booking(self, found: Bookings) -> tuple[Verdict, str, Figures]:
        """Present, unless it needs two replicas or a window too short for two users."""
        alone = self._book_through_gate(services=self.endpoints.devices[:1])
        window = found.outcome.shortest_delay
        figures = (
            *found.figures,
            Figure("winners on one replica", alone.holders, "", 1),
            Figure.duration("time from request to first write", window),
        )
        count = f"{found.holders} of {found.count} bookings of one device succeeded"
        if alone.holders == 1 and len(alone.winners) == 1:
            why = f"{count} over two replicas, one over a single replica."
            return Verdict.MASKED, why, figures
        if window < WIDE_WINDOW:
            why = f"{count} when all had read before any wrote; the time between is {window * 1000:.0f} ms."
            return Verdict.MASKED, why, figures
        why = f"{count}: all had read it as available before any wrote."
        return Verdict.PRESENT, why, (*figures, self._burst())

    def _judge_no_booking(self, figures: Figures) -> tuple[Verdict, str, Figures]:
        """Retry with two requests: one that does not wait for a lock can also lose it to the gate."""
        again = self._book_through_gate(RETRY_REQUESTS)
        if again.holders > 1:
            return self._judge_double_booking(again)
        if again.holders == 1 and not again.outcome.failed:
            why = "Of two bookings that overlapped, one got the device."
            return self._judge_single_booking(figures, why)
        burst = self._burst()
        why = f"None of the overlapping bookings succeeded, and {burst.value:.0f} of {BURST} sent at once."
        if burst.value != 1:
            return Verdict.PRESENT, why, (*figures, burst)
        return self._judge_single_booking(figures, why)

    def _book_through_gate(
        self,
        count: int = REQUESTS,
        *,
        services: Sequence[Service] = (),
        gate: Callable[[str, Sequence[str]], AbstractContextManager[Gate]] = write_gate,
    ) -> Bookings:
        """Book one new device `count` times, over all replicas unless `services` are given."""
        services = services or self.endpoints.devices
        device = self.connection.new_device()
        workflows = [new_workflow_id() for _ in range(count)]
        sends = [
            partial(_book, services[number % len(services)], device, workflow)
            for number, workflow in enumerate(workflows)
        ]
        with gate(self.endpoints.database, [service.url for service in services]) as opened:
            outcome = opened.pass_through(sends)
        after = self.connection.device(device)
        winners = (workflow for workflow, reply in zip(workflows, outcome.replies, strict=True) if reply.ok)
        return Bookings(outcome, len(after.open_bookings), after.workflow, tuple(winners))

    def _burst(self) -> Figure:
        """The winners of sixteen bookings sent together without a gate, as users could send them."""
        device = self.connection.new_device()
        services = self.endpoints.devices
        replies = send_together(
            [partial(_book, services[n % len(services)], device, new_workflow_id()) for n in range(BURST)]
        )
        self.endpoints.raw["burst"] = [str(reply) for reply in replies]
        winners = max(sum(reply.ok for reply in replies), len(self.connection.device(device).open_bookings))
        return Figure(f"winners of {BURST} at once", winners, "", 1)
