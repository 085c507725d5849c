"""Feature 7: is the device queue there, and does it keep its contract, to one caller and to many?"""

from __future__ import annotations

from dataclasses import replace

from lab.probes.booking_race import warm
from lab.probes.connection import new_workflow_id, open_connection
from lab.probes.endpoints import DEVICE_SERVICE, Endpoints
from lab.probes.evidence import Evidence, Figure, Verdict
from lab.probes.gate import write_gate
from lab.probes.queue_calls import GATED_TIMEOUT, NoAnswer, Queue
from lab.probes.queue_contract import CHECKS as CONTRACT
from lab.probes.queue_races import CHECKS as RACES

BUG = 7
NEEDS: tuple[str, ...] = (DEVICE_SERVICE,)
NOT_THERE = {404, 405}


def probe(endpoints: Endpoints) -> Evidence:
    """Look whether there is a queue; then one caller after another; then, if all is well, several at once."""
    down = next((one for one in endpoints.devices if one.problem), None)
    if down is not None:
        return Evidence(BUG, Verdict.PRESENT, f"{down.name} {down.problem}.")
    with open_connection(endpoints.database) as connection:
        queue = Queue(endpoints.devices, connection)
        device, _ = queue.busy_device()
        try:
            reply = queue.join(device, new_workflow_id())
        except NoAnswer as error:
            return Evidence(BUG, Verdict.PRESENT, f"{error}.")
        if reply.status in NOT_THERE:
            why = f"POST /devices/{{id}}/queue answers {reply.status}: there is no queue."
            return Evidence(BUG, Verdict.PRESENT, why, _figures(len(CONTRACT), len(RACES)))
        try:
            return _judge(endpoints, queue)
        except NoAnswer as error:
            return Evidence(BUG, Verdict.PRESENT, f"{error}.")
        finally:
            connection.query(
                "DELETE FROM execution_logs WHERE workflow_id = 'probe' AND device_id LIKE 'probe-%%'"
            )


def _judge(endpoints: Endpoints, queue: Queue) -> Evidence:
    found = {check.__name__: check(queue) for check in CONTRACT}
    endpoints.raw["contract"] = found
    broken = [wrong for wrong in found.values() if wrong]
    if broken:
        why = _sentence(broken)
        return Evidence(BUG, Verdict.PRESENT, why, _figures(len(broken), 0)[:1])
    warm(endpoints.devices)
    gated = replace(queue, timeout=GATED_TIMEOUT)
    with write_gate(endpoints.database, [service.url for service in endpoints.devices]) as gate:
        raced = {check.__name__: check(gated, gate) for check in RACES}
    endpoints.raw["races"] = raced
    broken = [wrong for wrong in raced.values() if wrong]
    if broken:
        return Evidence(BUG, Verdict.MASKED, _sentence(broken), _figures(0, len(broken)))
    why = "Order, handover, cancelling, maintenance and waits are as promised, also with several at once."
    return Evidence(BUG, Verdict.FIXED, why, _figures(0, 0))


def _figures(contract: int, races: int) -> tuple[Figure, ...]:
    return (
        Figure(f"of {len(CONTRACT)} promises broken", contract, "", 0),
        Figure(f"of {len(RACES)} promises under concurrency broken", races, "", 0),
    )


def _sentence(broken: list[str]) -> str:
    more = f" ({len(broken) - 1} more)" if len(broken) > 1 else ""
    return f"{broken[0][0].upper()}{broken[0][1:]}{more}."
