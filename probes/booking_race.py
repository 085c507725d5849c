"""Bug 3: can two workflows hold one device? The write gate forces the overlap, over two replicas."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial

from lab.probing.bench import INTERLEAVING, Bench, Service, require_running
from lab.probing.client import Reply, request
from lab.probing.evidence import Evidence, Figure, Verdict
from lab.probing.gate import Gate, Outcome, write_gate
from lab.probing.interleaving import Interleaving
from lab.probing.load import send_together, warm_up
from lab.probing.read_gate import read_gate

from .devices import DEVICE_SERVICE, Device, LaboratoryConnection, new_workflow_id, open_connection

REQUESTS = 4
TIMEOUT = 35.0
"""Seconds: more than the gate's own timeout."""

RETRIES = 2
RETRY_REQUESTS = 2
"""Requests of a retry: two pass the gate faster than four, so a short lock_timeout may not expire."""

PLAIN_TIMEOUT = 15.0
BURST = 16
WIDE_WINDOW = 0.08
"""Seconds from a request to its first write that are enough for two users to cause the race by chance."""

Figures = tuple[Figure, ...]
MakeGate = Callable[[str, Sequence[str]], AbstractContextManager[Gate]]


@dataclass(frozen=True, slots=True)
class Bookings:
    """Overlapping bookings of a device, the device afterwards, and the workflows whose request succeeded.

    The requests were sent to `services` instances in turn.
    """

    outcome: Outcome
    device: Device
    winners: tuple[str, ...]
    services: int

    @property
    def count(self) -> int:
        return len(self.outcome.replies)

    @property
    def holders(self) -> int:
        """How many workflows got the device: the open bookings or the winners, whichever are more."""
        return max(len(self.device.open_bookings), len(self.winners))

    @property
    def holders_on_one(self) -> int:
        """The most requests to one instance that succeeded."""
        replies = self.outcome.replies
        return max(sum(one.ok for one in replies[first :: self.services]) for first in range(self.services))

    @property
    def figures(self) -> Figures:
        return (
            Figure(f"successful of {self.count} bookings through the gate", len(self.winners), "", 1),
            Figure("open bookings of the device", len(self.device.open_bookings), "", 1),
        )


def probe(bench: Bench) -> Evidence:
    """Book one device once, and another four times at once. The result decides what else is tried."""
    require_running(*bench.replicas(DEVICE_SERVICE))
    with open_connection(bench.database) as connection:
        if problem := _plain_booking_problem(bench.replicas(DEVICE_SERVICE)[0], connection):
            return Evidence(Verdict.PRESENT, problem)
        warm_up(bench.replicas(DEVICE_SERVICE), "/devices")
        race = _Race(bench, connection)
        bookings = race.book_with_retries()
        verdict, why, figures = race.judge(bookings)
        if bench.thorough:
            bench.raw[INTERLEAVING] = race.interleaving_of_two()
    bench.raw["gate"] = [str(reply) for reply in bookings.outcome.replies]
    return Evidence(verdict, why, figures)


def _plain_booking_problem(service: Service, connection: LaboratoryConnection) -> str:
    """How one booking with no other at the same time fails, as a sentence; empty if it works."""
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
    bench: Bench
    connection: LaboratoryConnection

    def book_with_retries(self) -> Bookings:
        """Send four bookings. If some fail, perhaps because of the gate, retry with two, at most twice."""
        found = self._book_through_gate()
        for _ in range(RETRIES):
            failed = found.outcome.failed
            if found.holders > 1 or not failed or any(reply.status is None for reply in failed):
                break
            found = self._book_through_gate(RETRY_REQUESTS)
        return found

    def interleaving_of_two(self) -> Interleaving:
        """What was seen of two bookings of one device, over two replicas: only to be shown."""
        return self._book_through_gate(2).outcome.interleaving

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
        if found.winners != (found.device.workflow,) or len(found.device.open_bookings) != 1:
            why = f"One booking was answered with success, but the device is {found.device}."
            return Verdict.MASKED, why, figures
        why = f"Of {found.count} bookings that overlapped, one got the device and the others were refused."
        return self._judge_single_booking(figures, why)

    def _judge_single_booking(self, figures: Figures, why: str) -> tuple[Verdict, str, Figures]:
        """Fixed, unless two bookings succeed through the read gate, or in a burst without a gate."""
        late = self._book_through_gate(2, gate=read_gate)
        self.bench.raw["late"] = [str(reply) for reply in late.outcome.replies]
        if late.holders > 1:
            why = "Two bookings of one device succeeded when one had read it before the other was made."
            return Verdict.MASKED, why, figures
        burst = self._burst()
        if burst.value > 1:
            why = f"{burst.value:.0f} of {BURST} bookings sent at once got the device."
            return Verdict.PRESENT, why, (*figures, burst)
        return Verdict.FIXED, why, (*figures, burst)

    def _judge_double_booking(self, found: Bookings) -> tuple[Verdict, str, Figures]:
        """Present; masked if it needs two replicas, or if the time until the first write is short."""
        on_one, needs_two = found.holders_on_one, False
        if on_one < 2:
            alone = self._book_through_gate(2, services=self.bench.replicas(DEVICE_SERVICE)[:1])
            on_one, needs_two = alone.holders, alone.holders == len(alone.winners) == 1
        window = found.outcome.shortest_delay
        figures = (
            *found.figures,
            Figure("successful of 2 bookings on one replica", on_one, "", 1),
            Figure.duration("time from request to first write", window),
        )
        count = f"{found.holders} of {found.count} bookings of one device succeeded"
        if needs_two:
            why = f"{count} over two replicas, one over a single replica."
            return Verdict.MASKED, why, figures
        if window < WIDE_WINDOW:
            why = f"{count} when all had read before any wrote; a write follows in {window * 1000:.0f} ms."
            return Verdict.MASKED, why, figures
        why = f"{count}: all had read it as available before any wrote."
        return Verdict.PRESENT, why, (*figures, self._burst()) if self.bench.thorough else figures

    def _judge_no_booking(self, figures: Figures) -> tuple[Verdict, str, Figures]:
        """Retry with two requests: if requests do not wait for a lock, the gate can make all of them fail."""
        again = self._book_through_gate(RETRY_REQUESTS)
        if again.holders > 1:
            return self._judge_double_booking(again)
        if again.holders == 1 and not again.outcome.failed:
            why = "Of two bookings that overlapped, one got the device."
            return self._judge_single_booking(figures, why)
        burst = self._burst()
        why = f"None of the overlapping bookings succeeded; of {BURST} sent at once, {burst.value:.0f} did."
        if burst.value != 1:
            return Verdict.PRESENT, why, (*figures, burst)
        return self._judge_single_booking(figures, why)

    def _book_through_gate(
        self, count: int = REQUESTS, *, services: Sequence[Service] = (), gate: MakeGate = write_gate
    ) -> Bookings:
        """Book one new device `count` times through `gate`, over all replicas unless `services` are given."""
        services = services or self.bench.replicas(DEVICE_SERVICE)
        device = self.connection.new_device()
        workflows = [new_workflow_id() for _ in range(count)]
        sends = [
            partial(_book, services[number % len(services)], device, workflow)
            for number, workflow in enumerate(workflows)
        ]
        with gate(self.bench.database.url, [service.url for service in services]) as opened:
            outcome = opened.pass_through(sends)
        winners = (workflow for workflow, reply in zip(workflows, outcome.replies, strict=True) if reply.ok)
        return Bookings(outcome, self.connection.device(device), tuple(winners), len(services))

    def _burst(self) -> Figure:
        """The number of winners among sixteen bookings sent at once, without a gate."""
        device = self.connection.new_device()
        services = self.bench.replicas(DEVICE_SERVICE)
        replies = send_together(
            [partial(_book, services[n % len(services)], device, new_workflow_id()) for n in range(BURST)]
        )
        self.bench.raw["burst"] = [str(reply) for reply in replies]
        winners = max(sum(reply.ok for reply in replies), len(self.connection.device(device).open_bookings))
        return Figure(f"successful of {BURST} bookings at once", winners, "", 1)
