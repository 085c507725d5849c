"""Measure bugs and decide their verdicts. No other module changes a verdict that a probe has returned."""

import math
import re
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import psycopg2

from lab.database import connect
from lab.errors import DatabaseUnreachable, EnvironmentFault
from lab.probing.bench import Bench, Probe, ServiceFailed
from lab.probing.evidence import Evidence, Figure, Verdict, sentence
from lab.probing.loading import PACKAGE_PREFIX

IDS = re.compile(r"[a-z]+-[0-9]{5,}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""The ids of the rows that probes add. They are random, so they are left out of the evidence."""

MIGRATIONS_FAILED = "Before that, the migrations failed."


@dataclass(frozen=True, slots=True)
class Bug:
    """A bug to measure: its number and its probe.

    `in_compose_file`: its fix changes the compose file, so it is present while that file cannot be used.
    """

    number: int
    probe: Probe
    in_compose_file: bool = False


@dataclass(frozen=True, slots=True)
class Measured:
    """One bug's evidence, and the raw data of its measurement."""

    evidence: Evidence
    raw: dict[str, Any]


def measure(
    bench: Bench,
    bugs: Sequence[Bug],
    on_start: Callable[[int], None] = lambda _: None,
    *,
    numbers: Mapping[str, int],
    compose_problem: str = "",
    migration_problem: str = "",
) -> Iterator[Measured]:
    """Measure these bugs in this order, calling `on_start` with each bug's number before its probe.

    A failed service is a symptom. A failure of the machine or the database is not: the bug is unmeasured.
    `numbers` has the number of each bug by its slug. `compose_problem` says why the compose file cannot be
    used: the bugs in it are then present. `migration_problem` says why the migrations failed, which a note
    tells once: `why` mentions only that they did, unless the bug is fixed or unmeasured.
    """
    for bug in bugs:
        on_start(bug.number)
        started, given = time.monotonic(), replace(bench, raw={})
        evidence = _run(bug.probe, given, numbers)
        verdict, why = evidence.verdict, sentence(IDS.sub("{id}", evidence.why))
        if compose_problem and bug.in_compose_file:
            verdict, why = Verdict.PRESENT, sentence(compose_problem)
        elif migration_problem and verdict.fails_check:
            why = f"{why} {MIGRATIONS_FAILED}"
        seconds = round(time.monotonic() - started, 3)
        yield Measured(
            replace(evidence, bug=bug.number, verdict=verdict, why=why, seconds=seconds), given.raw
        )


def _run(probe: Probe, bench: Bench, numbers: Mapping[str, int]) -> Evidence:
    try:
        try:
            evidence = _checked(probe(bench))
        except ServiceFailed as failed:
            blocked_by = numbers.get(failed.blocked_by or "")
            verdict = Verdict.PRESENT if failed.blocked_by is None else Verdict.BLOCKED
            evidence = Evidence(verdict, str(failed), blocked_by=blocked_by)
        if evidence.verdict.fails_check:
            _require_database(bench.database.url)
    except (EnvironmentFault, psycopg2.Error, TimeoutError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        return Evidence(Verdict.UNMEASURED, f"The measurement could not be made: {reason}")
    except (Exception, SystemExit) as error:  # a mistake in this probe must not cost the other verdicts
        return Evidence(Verdict.UNMEASURED, f"The probe failed: {_place(error)}")
    return evidence


def _checked(evidence: object) -> Evidence:
    """Return what a probe returned. Raises TypeError if it is not what a probe must return."""
    if not isinstance(evidence, Evidence):
        raise TypeError(f"it returned {type(evidence).__name__}, not Evidence")
    if not isinstance(evidence.verdict, Verdict) or not isinstance(evidence.why, str):
        raise TypeError("verdict must be a Verdict and why a text")
    if not isinstance(evidence.figures, tuple) or not all(map(_is_figure, evidence.figures)):
        raise TypeError("figures must be a tuple of Figures with finite numbers")
    return evidence


def _is_figure(value: object) -> bool:
    if not isinstance(value, Figure) or not isinstance(value.name, str):
        return False
    limit = () if value.limit is None else (value.limit,)
    return all(isinstance(number, int | float) and math.isfinite(number) for number in (value.value, *limit))


def _place(error: BaseException) -> str:
    """Return the type and message of the exception, and the last line of a probe that it came through."""
    try:
        text = " ".join(str(error).split())
    except Exception:  # the probe's own class may be wrong, too
        text = ""
    reason = f"{type(error).__name__}: {text}"
    frames = list(traceback.walk_tb(error.__traceback__))
    own = [one for one in frames if str(one[0].f_globals.get("__name__")).startswith(PACKAGE_PREFIX)]
    if not own:
        return reason
    frame, line = own[-1]
    return f"{reason} ({frame.f_code.co_filename}, line {line})"


def _require_database(url: str) -> None:
    """Raises DatabaseUnreachable: then the symptom that was seen may not be the service's fault."""
    try:
        with closing(connect(url)) as connection:
            connection.cursor().execute("SELECT 1")
    except psycopg2.Error as error:
        raise DatabaseUnreachable(sentence(f"The database server went away: {error}")) from error
