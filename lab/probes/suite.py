"""Every probe, in the order in which they run: a probe that ends a service or fills a table comes last."""

from lab.probes import (
    booking_race,
    device_queue,
    log_list,
    log_search,
    start_up,
    workflow_list,
    workflow_start,
)
from lab.probes.endpoints import Probe

_IN_ORDER = (workflow_list, start_up, workflow_start, booking_race, device_queue, log_search, log_list)
PROBES: dict[int, Probe] = {module.BUG: module.probe for module in _IN_ORDER}
NEEDS: dict[int, frozenset[str]] = {module.BUG: frozenset(module.NEEDS) for module in _IN_ORDER}
"""The services that must run before a probe is called. A probe launches the others that it needs."""
