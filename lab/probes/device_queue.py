"""Feature 7: does the device queue exist, and does it keep its contract, for one client and for several?"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from lab.probes.connection import new_workflow_id, open_connection
from lab.probes.endpoints import DEVICE_SERVICE, Endpoints, require_running
from lab.probes.evidence import Evidence, Figure, Verdict
from lab.probes.gate import write_gate
from lab.probes.load import warm_up
from lab.probes.queue_calls import GATED_TIMEOUT, BrokenPromise, Queue
from lab.probes.queue_contract import CHECKS as CONTRACT
from lab.probes.queue_races import CHECKS as RACES

BUG = 7
NEEDS: tuple[str, ...] = (DEVICE_SERVICE,)
NOT_FOUND = {404, 405}
DELETE_LOGS = "DELETE FROM execution_logs WHERE workflow_id = 'probe' AND device_id LIKE 'probe-%%'"


def probe(endpoints: Endpoints) -> Evidence:
    """Check that there is a queue, then its contract for one client; if it is kept, for several at once."""
    require_running(*endpoints.devices)
    with open_connection(endpoints.database) as connection:
        queue = Queue(endpoints.devices, connection)
        device, _ = connection.new_busy_device()
        reply = queue.join(device, new_workflow_id())
        if reply.status in NOT_FOUND:
            why = f"POST /devices/{{id}}/queue answers {reply.status}: there is no queue."
            return Evidence(BUG, Verdict.PRESENT, why, _figures(len(CONTRACT), len(RACES)))
        try:
            return _judge(endpoints, queue)
        finally:
            connection.query(DELETE_LOGS)


def _judge(endpoints: Endpoints, queue: Queue) -> Evidence:
    found = {check.__name__: _problem(partial(check, queue)) for check in CONTRACT}
    endpoints.raw["contract"] = found
    broken = [problem for problem in found.values() if problem]
    if broken:
        return Evidence(BUG, Verdict.PRESENT, _sentence(broken), _figures(len(broken), 0)[:1])
    warm_up(endpoints.devices)
    gated = replace(queue, timeout=GATED_TIMEOUT)
    with write_gate(endpoints.database, [service.url for service in endpoints.devices]) as gate:
        found = {check.__name__: _problem(partial(check, gated, gate)) for check in RACES}
    endpoints.raw["races"] = found
    broken = [problem for problem in found.values() if problem]
    if broken:
        return Evidence(BUG, Verdict.MASKED, _sentence(broken), _figures(0, len(broken)))
    why = "Order, handover, cancelling, maintenance and waits keep the contract, also with several at once."
    return Evidence(BUG, Verdict.FIXED, why, _figures(0, 0))


def _problem(check: Callable[[], None]) -> str:
    try:
        check()
    except BrokenPromise as broken:
        return str(broken)
    return ""


def _figures(contract: int, races: int) -> tuple[Figure, ...]:
    return (
        Figure(f"promises broken, of {len(CONTRACT)}", contract, "", 0),
        Figure(f"promises broken under concurrency, of {len(RACES)}", races, "", 0),
    )


def _sentence(broken: list[str]) -> str:
    more = f" ({len(broken) - 1} more)" if len(broken) > 1 else ""
    return f"{broken[0][0].upper()}{broken[0][1:]}{more}."
