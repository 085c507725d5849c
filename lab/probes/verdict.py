"""Measure bugs and decide their verdicts. No other module changes a verdict that a probe has returned."""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import psycopg2

from lab.database import connect
from lab.errors import DatabaseUnreachable, EnvironmentFault
from lab.probes.connection import APPLICATION
from lab.probes.endpoints import Endpoints, Probe, ServiceFailed
from lab.probes.evidence import Evidence, Verdict
from lab.probes.suite import PROBES

COMPOSE_BUG = 1
"""The bug in the compose file: it is present as long as that file cannot be used."""

IDS = re.compile(r"probe-[0-9a-f]{1,12}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""The ids of the rows that probes add. They are random, so they are left out of the evidence."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One bug's evidence, and the raw data of its measurement."""

    evidence: Evidence
    raw: dict[str, Any]


def measure(
    endpoints: Endpoints,
    bugs: Iterable[int],
    on_start: Callable[[int], None] = lambda _: None,
    *,
    compose_problem: str = "",
    migration_problem: str = "",
    probes: Mapping[int, Probe] = PROBES,
) -> Iterator[Measured]:
    """Measure these bugs in the order of `probes`, calling `on_start` with each bug before its probe.

    A failed service is a symptom. A failure of the machine or the database is not: the bug is unmeasured.
    `compose_problem` says why the compose file cannot be used: bug 1 is then present. `migration_problem`
    says why the migrations failed: it is added to `why`, unless the bug is fixed or unmeasured.
    """
    for bug in sorted(bugs, key=list(probes).index):
        on_start(bug)
        started, given = time.monotonic(), replace(endpoints, raw={})
        evidence = _run(bug, probes[bug], given)
        verdict, why = evidence.verdict, IDS.sub("{id}", evidence.why)
        if compose_problem and bug == COMPOSE_BUG:
            verdict, why = Verdict.PRESENT, f"{compose_problem}."
        elif migration_problem and verdict.fails_check:
            why = f"{why} Before that, {migration_problem}."
        seconds = round(time.monotonic() - started, 3)
        yield Measured(replace(evidence, verdict=verdict, why=why, seconds=seconds), given.raw)


def _run(bug: int, probe: Probe, endpoints: Endpoints) -> Evidence:
    try:
        try:
            evidence = probe(endpoints)
        except ServiceFailed as failed:
            verdict = Verdict.PRESENT if failed.blocked_by is None else Verdict.BLOCKED
            evidence = Evidence(bug, verdict, f"{failed}.", blocked_by=failed.blocked_by)
        if evidence.verdict.fails_check:
            _require_database(endpoints.database)
    except (EnvironmentFault, psycopg2.Error) as error:
        reason = " ".join(str(error).split())
        return Evidence(bug, Verdict.UNMEASURED, f"The measurement could not be made: {reason}")
    return evidence


def _require_database(url: str) -> None:
    """Raises DatabaseUnreachable: the database fails, so the symptom may not be the service's fault."""
    try:
        with closing(connect(url, application=APPLICATION)) as connection:
            connection.cursor().execute("SELECT 1")
    except psycopg2.Error as error:
        raise DatabaseUnreachable(f"The database server went away: {str(error).strip()}.") from error
