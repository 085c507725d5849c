"""Bug 5: what does the search of one day's execution logs make the server read?

Judged by blocks, which no machine's speed changes: first for a span of a few logs, which is cheap whatever
stands, and for the whole of the day only when that leaves the verdict open (or when asked to be thorough).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from lab.probes.client import Reply, request
from lab.probes.connection import ProbeConnection, open_connection
from lab.probes.endpoints import DEVICE_SERVICE, Endpoints, Service
from lab.probes.evidence import Evidence, Figure, Verdict
from lab.probes.plans import Plan, PlanLog, explained
from lab.probes.search_rows import TABLE, change, change_back, difference, expected_rows
from lab.probes.statements import Count, counted

BUG = 5
NEEDS: tuple[str, ...] = (DEVICE_SERVICE,)
PATH = "/execution-logs/search"
DAY = datetime(2025, 1, 1)
FEW = 4
"""Logs in the first, narrow span."""

WHOLESALE = 0.5
"""A share of the table read per log from which on the verdict is certain."""

FACTOR = 100
"""The search must read less than this part of what one scan of the table per log would."""

TIMEOUT = 30.0
LONG_TIMEOUT = 180.0
AROUND = timedelta(days=6)
"""Before and after the day: enough logs that an answer cut at a round number shows."""


@dataclass(frozen=True, slots=True)
class Search:
    """One search: what it said, what it cost, and what is wrong with it."""

    reply: Reply
    count: Count
    logs: int
    wrong: str = ""
    plans: tuple[Plan, ...] = ()


def probe(endpoints: Endpoints) -> Evidence:
    """Search a narrow span, then the day, then more days after logs were added to them."""
    down = next((one for one in endpoints.devices if one.problem), None)
    if down is not None:
        return Evidence(BUG, Verdict.PRESENT, f"{down.name} {down.problem}.")
    with open_connection(endpoints.database) as connection:
        with explained(connection, endpoints.devices[0].role):
            service = endpoints.launch(DEVICE_SERVICE, "search")
            request(service.url, PATH, query=_span(DAY, DAY))  # opens the connection that is explained
        try:
            if service.problem:
                return Evidence(BUG, Verdict.PRESENT, f"{service.name} {service.problem}.")
            return _measure(endpoints, service, connection)
        finally:
            service.stop()


def _measure(endpoints: Endpoints, service: Service, connection: ProbeConnection) -> Evidence:
    connection.query(f"ANALYZE {TABLE}")
    pages = int(connection.value("SELECT pg_relation_size(%s::regclass) / 8192", TABLE))
    log = PlanLog(connection)
    start, end = _narrow(connection)
    narrow = _search(service, connection, start, end, log)
    _keep(endpoints, "narrow", narrow)
    day = connection.value(
        f"SELECT count(*) FROM {TABLE} WHERE started_at >= %s AND started_at < %s", *_day()
    )
    limit = round((day + 1) * pages / FACTOR)
    figures = _narrow_figures(narrow, pages, day, limit)
    if not narrow.reply.ok or narrow.wrong:
        return Evidence(BUG, Verdict.PRESENT, _trouble(narrow), figures)
    whole = sum(plan.scans_whole(TABLE) for plan in narrow.plans)
    certain = narrow.count.blocks >= (FEW + 1) * pages * WHOLESALE
    if certain and not endpoints.full:
        return Evidence(BUG, Verdict.PRESENT, _wholesale(narrow, whole, pages), figures)
    plain = endpoints.devices[0] if endpoints.full else service  # whose time no plan was taken in
    search = _search(plain, connection, *_day(), log, LONG_TIMEOUT)
    _keep(endpoints, "day", search)
    figures = _day_figures(search, limit)
    if not search.reply.ok or search.wrong:
        return Evidence(BUG, Verdict.PRESENT, _trouble(search), figures)
    if certain or search.count.blocks > limit:
        return Evidence(BUG, Verdict.PRESENT, _wholesale(search, whole, pages), figures)
    # Whoever reads a table from end to end touches each of its blocks, whether a plan was seen or not.
    whole = sum(plan.scans_whole(TABLE) for plan in (*narrow.plans, *search.plans))
    if whole or narrow.count.blocks >= pages:
        why = f"{TABLE} is no longer read once per log, but it is still read from end to end."
        return Evidence(BUG, Verdict.MASKED, why, figures)
    return _still_right(service, connection, log, figures, search)


def _still_right(
    service: Service, connection: ProbeConnection, log: PlanLog, figures: tuple[Figure, ...], search: Search
) -> Evidence:
    wide = _search(service, connection, DAY - AROUND, DAY + AROUND, log)
    change(connection, DAY, DAY + timedelta(days=1))
    try:
        again = _search(service, connection, DAY - AROUND, DAY + AROUND, log)
    finally:
        change_back(connection)
    for one in (wide, again):
        if not one.reply.ok or one.wrong:
            return Evidence(BUG, Verdict.MASKED, _trouble(one), figures)
    if not search.count.blocks:
        why = "The answer is right, but no statement of the service's own role was seen: nothing was counted."
        return Evidence(BUG, Verdict.UNMEASURED, why, figures)
    why = f"{search.logs} logs of the day took {search.count.blocks:,} blocks, and no scan of {TABLE}."
    return Evidence(BUG, Verdict.FIXED, f"{why} The rows are right.", figures)


def _search(
    service: Service,
    connection: ProbeConnection,
    start: datetime,
    end: datetime,
    log: PlanLog,
    timeout: float = TIMEOUT,
) -> Search:
    with counted(connection, service.role) as count:
        reply = request(service.url, PATH, query=_span(start, end), timeout=timeout)
    expected = expected_rows(connection, start, end)
    wrong = difference(reply, expected) if reply.ok else ""
    return Search(reply, count, len(expected), wrong, log.read(TABLE))


def _narrow(connection: ProbeConnection) -> tuple[datetime, datetime]:
    """A span of the day that holds FEW logs, well inside it; of the latest logs when the day has too few."""
    found = connection.query(
        f"SELECT started_at FROM {TABLE} WHERE started_at >= %s AND started_at < %s"
        " ORDER BY started_at, id OFFSET 10 LIMIT %s",
        *_day(),
        FEW + 1,
    )
    if len(found) <= FEW:
        found = connection.query(
            f"SELECT started_at FROM {TABLE} ORDER BY started_at DESC LIMIT %s", FEW + 1
        )[::-1]
    return found[0][0], found[-1][0]


def _day() -> tuple[datetime, datetime]:
    return DAY, DAY + timedelta(days=1)


def _span(start: datetime, end: datetime) -> dict[str, str]:
    return {"start": f"{start.isoformat()}Z", "end": f"{end.isoformat()}Z"}


def _narrow_figures(narrow: Search, pages: int, day: int, limit: int) -> tuple[Figure, ...]:
    blocks = narrow.count.blocks
    reckoned = round(blocks / (FEW + 1) * (day + 1))
    return (
        Figure(f"blocks read for {FEW} logs", blocks, "", round((FEW + 1) * pages / FACTOR)),
        Figure(f"blocks read for the day's {day} logs, at that rate", reckoned, "", limit),
        Figure(f"time for {FEW} logs", round(narrow.reply.seconds * 1000, 1), "ms"),
    )


def _day_figures(search: Search, limit: int) -> tuple[Figure, ...]:
    return (
        Figure(f"blocks read for the day's {search.logs} logs", search.count.blocks, "", limit),
        Figure(f"time for the day's {search.logs} logs", round(search.reply.seconds * 1000, 1), "ms"),
    )


def _wholesale(search: Search, whole: int, pages: int) -> str:
    scans = f" {TABLE} was read from end to end {whole} times." if whole else ""
    return f"{search.logs} logs took {search.count.blocks:,} blocks; the table has {pages:,}.{scans}"


def _trouble(search: Search) -> str:
    if not search.reply.ok:
        return f"{search.reply}."
    return f"The search of {search.logs} logs is wrong: {search.wrong}."


def _keep(endpoints: Endpoints, name: str, search: Search) -> None:
    endpoints.raw[name] = {
        "logs": search.logs,
        "blocks": search.count.blocks,
        "seconds": search.reply.seconds,
        "plans": [{"statement": plan.text, "plan": plan.root} for plan in search.plans],
        "outline": [plan.outline() for plan in search.plans],
    }
