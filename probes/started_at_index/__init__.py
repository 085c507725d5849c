"""Bug 5: how many blocks does the search of one day's execution logs make the server read?

Blocks do not depend on the machine's speed. A span of a few logs is searched first, because it is quick even
with the bug. The whole day is searched only if that leaves the verdict open, or in a thorough
measurement.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from lab.probing.bench import PLAN, Bench, Service, require_running
from lab.probing.client import Reply, request
from lab.probing.connection import ProbeConnection, open_connection
from lab.probing.evidence import Evidence, Figure, Verdict, sentence
from lab.probing.plans import Plan, PlanLog, explained
from lab.probing.statements import NOT_COUNTED, Count, counted
from lab.probing.tables import Table, read_table

from ..devices import DEVICE_SERVICE
from .rows import TABLE, change, change_back, difference, expected_rows

PATH = "/execution-logs/search"
WITHIN = f"FROM {TABLE} WHERE started_at >= %s AND started_at < %s"
DAY = datetime(2025, 1, 1)
FEW = 4
"""Logs in the narrow span."""

CERTAIN_SHARE = 0.5
"""If the narrow search reads this share of the table for each log, the bug is certainly present."""

FACTOR = 100
"""For each log, the search may read at most 1/FACTOR of the table's blocks."""

TIMEOUT = 30.0
DAY_TIMEOUT = 180.0
AROUND = timedelta(days=6)
"""Added before and after the day in the last searches, to notice a response with a maximum of logs."""

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Search:
    """One search: its reply, statements and plans, and the number of logs that it should return.

    `wrong` says how a successful reply differs from the database; empty if it does not.
    """

    reply: Reply
    count: Count
    logs: int
    wrong: str = ""
    plans: tuple[Plan, ...] = ()

    @property
    def problem(self) -> str:
        """How the request failed, or what is wrong with its reply, as a sentence; empty if it is right."""
        if not self.reply.ok:
            return sentence(str(self.reply))
        return f"The search of {self.logs} logs is wrong: {self.wrong}." if self.wrong else ""


def probe(bench: Bench) -> Evidence:
    """Search a narrow span, then the day, then more days, before and after a change of some of their logs."""
    with open_connection(bench.database) as connection:
        with explained(connection, bench.service(DEVICE_SERVICE).role):
            service = bench.launch(DEVICE_SERVICE, "search")
            request(service.url, PATH, query=_span(DAY, DAY))  # opens the connection whose plans are logged
        try:
            require_running(service)
            return _measure(bench, service, connection)
        finally:
            service.stop()


def _measure(bench: Bench, service: Service, connection: ProbeConnection) -> Evidence:
    connection.query(f"ANALYZE {TABLE}")
    table = read_table(connection, TABLE)
    pages = table.blocks
    log = PlanLog(connection)
    narrow = _search(service, connection, _narrow(connection), log)
    _keep(bench, "narrow", narrow)
    logs = connection.value(f"SELECT count(*) {WITHIN}", *_day())
    limit = round((logs + 1) * pages / FACTOR)
    figures = _narrow_figures(narrow, pages, logs, limit)
    if narrow.problem:
        return Evidence(Verdict.PRESENT, narrow.problem, figures)
    certain = narrow.count.blocks >= (FEW + 1) * pages * CERTAIN_SHARE
    if certain and not bench.thorough:
        return Evidence(Verdict.PRESENT, _cost(narrow, table), figures)
    day = _search_day(bench, service, connection, log)
    _keep(bench, "day", day)
    figures = (
        Figure(f"blocks read for the day's {day.logs} logs", day.count.blocks, "", limit),
        Figure.duration(f"time for the day's {day.logs} logs", day.reply.seconds),
    )
    if day.problem:
        return Evidence(Verdict.PRESENT, day.problem, figures)
    if certain or day.count.blocks > limit:
        return Evidence(Verdict.PRESENT, _cost(day, table), figures)
    # A full scan reads at least every block of the table, so it shows even where no plan was logged.
    if narrow.count.blocks >= pages or any(
        plan.full_scans(table.parts) for plan in (*narrow.plans, *day.plans)
    ):
        why = f"{TABLE} is no longer read once per log, but it is still read from end to end."
        return Evidence(Verdict.MASKED, why, figures)
    if problem := _problem_after_change(service, connection, log):
        return Evidence(Verdict.MASKED, problem, figures)
    if not day.count.blocks:
        return Evidence(Verdict.UNMEASURED, NOT_COUNTED, figures)
    cost = f"{day.logs} logs of the day took {day.count.blocks:,} blocks and no full scan of {TABLE}"
    return Evidence(Verdict.FIXED, f"{cost}, and the rows are right.", figures)


def _search_day(bench: Bench, service: Service, connection: ProbeConnection, log: PlanLog) -> Search:
    """Search the day. In a thorough measurement, where its time is shown, no plans are logged."""
    if not bench.thorough:
        return _search(service, connection, _day(), log, DAY_TIMEOUT)
    timed = bench.launch(DEVICE_SERVICE, "timed")
    try:
        require_running(timed)
        return _search(timed, connection, _day(), log, DAY_TIMEOUT)
    finally:
        timed.stop()


def _problem_after_change(service: Service, connection: ProbeConnection, log: PlanLog) -> str:
    """What is wrong with a search of more days, before or after a change of some logs; empty if nothing."""
    span = DAY - AROUND, DAY + AROUND
    before = _search(service, connection, span, log)
    change(connection, *_day())
    try:
        after = _search(service, connection, span, log)
    finally:
        change_back(connection)
    return before.problem or after.problem


def _search(
    service: Service, connection: ProbeConnection, span: Span, log: PlanLog, timeout: float = TIMEOUT
) -> Search:
    with counted(connection) as count:
        reply = request(service.url, PATH, query=_span(*span), timeout=timeout)
    expected = expected_rows(connection, *span)
    wrong = difference(reply, expected) if reply.ok else ""
    return Search(reply, count, len(expected), wrong, log.read(TABLE))


def _narrow(connection: ProbeConnection) -> Span:
    """A span within the day that has FEW logs; a span of the latest logs if the day has too few."""
    inside = f"SELECT started_at {WITHIN} ORDER BY started_at, id OFFSET 10 LIMIT %s"
    latest = f"SELECT started_at FROM {TABLE} ORDER BY started_at DESC LIMIT %s"
    found = connection.query(inside, *_day(), FEW + 1)
    if len(found) <= FEW:
        found = connection.query(latest, FEW + 1)[::-1]
    return found[0][0], found[-1][0]


def _day() -> Span:
    return DAY, DAY + timedelta(days=1)


def _span(start: datetime, end: datetime) -> dict[str, str]:
    return {"start": f"{start.isoformat()}Z", "end": f"{end.isoformat()}Z"}


def _narrow_figures(narrow: Search, pages: int, logs: int, limit: int) -> tuple[Figure, ...]:
    blocks = narrow.count.blocks
    estimate = round(blocks / (FEW + 1) * (logs + 1))
    return (
        Figure(f"blocks read for {FEW} logs", blocks, "", round((FEW + 1) * pages / FACTOR)),
        Figure(f"blocks read for the day's {logs} logs, at that rate", estimate, "", limit),
        Figure.duration(f"time for {FEW} logs", narrow.reply.seconds),
    )


def _cost(search: Search, table: Table) -> str:
    scans = sum(plan.full_scans(table.parts) for plan in search.plans)
    often = f", and it was read from end to end {scans} times" if scans else ""
    return f"{search.logs} logs took {search.count.blocks:,} blocks; {TABLE} has {table.blocks:,}{often}."


def _keep(bench: Bench, name: str, search: Search) -> None:
    bench.raw[name] = {
        "logs": search.logs,
        "blocks": search.count.blocks,
        "seconds": search.reply.seconds,
        "plans": [{"statement": plan.text, "plan": plan.root} for plan in search.plans],
        "outline": [plan.outline() for plan in search.plans],
    }
    if name == "narrow" and search.plans:
        bench.raw[PLAN] = f"Of the search of {search.logs} logs:\n{search.plans[-1].outline()}"
