"""Every probe, and the order that they are best run in: what ends a service or fills a table comes last."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import psycopg2

from lab.database import connect
from lab.errors import DatabaseUnreachable, EnvironmentFault
from lab.probes import (
    booking_race,
    device_queue,
    log_list,
    log_search,
    start_up,
    workflow_list,
    workflow_start,
)
from lab.probes.endpoints import Endpoints, Probe
from lab.probes.evidence import Evidence, Verdict

IDS = re.compile(r"probe-[0-9a-f]{1,12}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""The ids of the rows that probes add: the same finding is told in the same words."""

_IN_ORDER = (workflow_list, start_up, workflow_start, booking_race, device_queue, log_search, log_list)
PROBES: dict[int, Probe] = {module.BUG: module.probe for module in _IN_ORDER}
NEEDS: dict[int, frozenset[str]] = {module.BUG: frozenset(module.NEEDS) for module in _IN_ORDER}
"""The services that must run before a probe does; what else it needs it launches."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One bug's evidence, and everything that was measured on the way."""

    evidence: Evidence
    raw: dict[str, Any]


def measure(endpoints: Endpoints, bugs: Iterable[int], tell: Callable[[int], None]) -> Iterator[Measured]:
    """Run the probes of these bugs, one after another, in the order that suits them.

    Whatever the machine or the database does to a probe is no evidence against anybody.
    """
    wanted = set(bugs)
    for bug, probe in PROBES.items():
        if bug in wanted:
            tell(bug)
            yield _measure(replace(endpoints, raw={}), bug, probe)


def _measure(endpoints: Endpoints, bug: int, probe: Probe) -> Measured:
    started = time.monotonic()
    try:
        evidence = probe(endpoints)
        if evidence.verdict.shows_symptom:
            _require_database(endpoints)
    except (EnvironmentFault, psycopg2.Error) as error:
        reason = " ".join(str(error).split())
        evidence = Evidence(bug, Verdict.UNMEASURED, f"The measurement could not be made: {reason}")
    evidence = replace(evidence, why=IDS.sub("{id}", evidence.why))
    return Measured(evidence.stamped(raw=None, seconds=time.monotonic() - started), endpoints.raw)


def _require_database(endpoints: Endpoints) -> None:
    """Raises DatabaseUnreachable: a symptom was seen, but with no database everything has symptoms."""
    try:
        with closing(connect(endpoints.database, application="lab probe")) as connection:
            connection.cursor().execute("SELECT 1")
    except psycopg2.Error as error:
        raise DatabaseUnreachable(f"The database server went away: {str(error).strip()}.") from error
