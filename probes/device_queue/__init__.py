"""Feature 7: does the device queue exist, and does it keep its contract, for one client and for several?"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from lab.probing.bench import INTERLEAVING, Bench, require_running
from lab.probing.client import request
from lab.probing.evidence import Evidence, Figure, Verdict, sentence
from lab.probing.gate import write_gate
from lab.probing.load import warm_up

from ..devices import DEVICE_SERVICE, new_workflow_id, open_connection
from .calls import GATED_TIMEOUT, LOGGED_WORKFLOW, BrokenPromise, Queue
from .contract import CHECKS as CONTRACT
from .races import CHECKS as RACES
from .races import one_release_one_handover as SHOWN

NOT_FOUND = {404, 405}
DELETE_LOGS = "DELETE FROM execution_logs WHERE workflow_id = %s"


def probe(bench: Bench) -> Evidence:
    """Check that there is a queue, then its contract for one client; if it is kept, for several at once."""
    require_running(*bench.replicas(DEVICE_SERVICE))
    with open_connection(bench.database) as connection:
        queue = Queue(bench.replicas(DEVICE_SERVICE), connection)
        device, _ = connection.new_busy_device()
        known = request(bench.service(DEVICE_SERVICE).url, f"/devices/{device}")
        if not known.ok:
            return Evidence(Verdict.PRESENT, sentence(str(known)), _figures(len(CONTRACT), len(RACES)))
        reply = queue.join(device, new_workflow_id())
        if reply.status in NOT_FOUND:
            why = f"POST /devices/{{id}}/queue answers {reply.status}: there is no queue."
            return Evidence(Verdict.PRESENT, why, _figures(len(CONTRACT), len(RACES)))
        try:
            return _judge(bench, queue)
        finally:
            connection.query(DELETE_LOGS, LOGGED_WORKFLOW)


def _judge(bench: Bench, queue: Queue) -> Evidence:
    found = {check.__name__: _problem(partial(check, queue)) for check in CONTRACT}
    bench.raw["contract"] = found
    broken = [problem for problem in found.values() if problem]
    if broken:
        return Evidence(Verdict.PRESENT, _sentence(broken), _figures(len(broken), 0)[:1])
    warm_up(bench.replicas(DEVICE_SERVICE), "/devices")
    gated = replace(queue, timeout=GATED_TIMEOUT)
    with write_gate(bench.database.url, [service.url for service in bench.replicas(DEVICE_SERVICE)]) as gate:
        found = {}
        for check in RACES:
            passes = len(gate.outcomes)
            found[check.__name__] = problem = _problem(partial(check, gated, gate))
            if gate.outcomes[passes:] and INTERLEAVING not in bench.raw and (problem or check is SHOWN):
                bench.raw[INTERLEAVING] = gate.outcomes[-1].interleaving
    bench.raw["races"] = found
    broken = [problem for problem in found.values() if problem]
    if broken:
        return Evidence(Verdict.MASKED, _sentence(broken), _figures(0, len(broken)))
    why = "Order, handover, cancelling, maintenance and waits keep the contract, also with several at once."
    return Evidence(Verdict.FIXED, why, _figures(0, 0))


def _problem(check: Callable[[], None]) -> str:
    try:
        check()
    except BrokenPromise as broken:
        return str(broken)
    return ""


def _figures(contract: int, races: int) -> tuple[Figure, ...]:
    return (
        Figure("promises broken", contract, f"of {len(CONTRACT)}", 0),
        Figure("promises broken under concurrency", races, f"of {len(RACES)}", 0),
    )


def _sentence(broken: list[str]) -> str:
    more = f" ({len(broken) - 1} more)" if len(broken) > 1 else ""
    return f"{broken[0][0].upper()}{broken[0][1:]}{more}."
