"""Bug 6: what does GET /execution-logs hold in memory, and are all of the logs to be had from it?"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from lab.probes.client import Reply, stream
from lab.probes.connection import ProbeConnection, open_connection
from lab.probes.endpoints import DEVICE_SERVICE, Endpoints, Service
from lab.probes.evidence import Evidence, Figure, Verdict
from lab.probes.load import send_together
from lab.probes.pages import SIZES, Page, find_turn, page_of, says_more_than_rows
from lab.probes.paging import Walk, walk

BUG = 6
NEEDS: tuple[str, ...] = ()
PATH = "/execution-logs"
MIB = 2**20
HUGE = 1_000_000
TOGETHER = 8
TIMEOUT = 60.0
WHOLE = 300.0
"""Seconds for the whole list to come in, on however slow a machine, as long as some of it comes."""

LAST_BREATH = 2.0
GLANCE = 6.0
"""Seconds for which several long answers are read side by side."""

SMALL = 4 * MIB
"""An answer up to this size is a page; a larger one is looked through as it comes."""

ROW = re.compile(rb'"id":\s*(-?\d+)')
TIME = re.compile(rb'"started_at":\s*"([^"]+)"')


@dataclass(slots=True)
class Body:
    """An answer as it comes in: kept while it is small, else only looked through for ids and times."""

    until: float = float("inf")
    kept: bytearray = field(default_factory=bytearray)
    size: int = 0
    cut: bool = False
    ids: list[int] = field(default_factory=list)
    times_fall: bool = True
    _rest: bytes = b""
    _last: bytes = b""

    def take(self, piece: bytes) -> bool:
        self.size += len(piece)
        if self.size <= SMALL:
            self.kept.extend(piece)
        text = self._rest + piece
        # What stands before the last brace is whole; the rest waits for the next piece.
        whole, brace, rest = text.rpartition(b"}")
        self._rest = rest if brace else text
        self._look_through(whole)
        self.cut = time.monotonic() >= self.until
        return not self.cut

    def _look_through(self, text: bytes) -> None:
        self.ids.extend(map(int, ROW.findall(text)))
        for moment in TIME.findall(text):
            if self._last and moment > self._last:
                self.times_fall = False
            self._last = moment


def probe(endpoints: Endpoints) -> Evidence:
    """Ask a fresh instance for the list, for huge pages of it, for eight at once; then walk its pages."""
    service = endpoints.launch(DEVICE_SERVICE, "memory", memory_limit=endpoints.memory_limit)
    if service.problem:
        service.stop()
        return Evidence(BUG, Verdict.PRESENT, f"{service.name} {service.problem}.")
    with open_connection(endpoints.database) as connection:
        total = int(connection.value("SELECT count(*) FROM execution_logs"))
        try:
            verdict, why, figures = _measure(endpoints, service, connection, total)
        finally:
            ended = service.stop()
    peak = round(ended.peak / MIB, 1)
    limit = endpoints.memory_limit / MIB
    endpoints.raw["end"] = str(ended)
    return Evidence(BUG, verdict, why, (Figure("most memory used", peak, "MiB", limit), *figures))


Finding = tuple[Verdict, str, tuple[Figure, ...]]


def _measure(endpoints: Endpoints, service: Service, connection: ProbeConnection, total: int) -> Finding:
    first, body = _get(service, {}, WHOLE)
    figures: tuple[Figure, ...] = (
        Figure("logs in one answer", len(body.ids)),
        Figure("time of one answer", round(first.seconds * 1000, 1), "ms"),
    )
    if death := _death(service, endpoints.memory_limit, first):
        return Verdict.PRESENT, f"GET {PATH} of {total:,} logs: the service {death}.", figures
    if not first.ok:
        return Verdict.PRESENT, f"{first}.", figures
    if body.cut:
        return Verdict.PRESENT, f"GET {PATH}: the answer had no end within {WHOLE:g} s.", figures
    if trouble := _under_load(endpoints, service, body):
        return Verdict.MASKED, trouble, figures
    if body.size > SMALL:
        verdict, why = _whole_list(body, total)
        return verdict, why, figures
    verdict, why, more = _page_by_page(endpoints, service, connection, first, body)
    return verdict, why, (*figures, *more)


def _under_load(endpoints: Endpoints, service: Service, body: Body) -> str:
    """Whether the service outlives requests for far too much, one by one and eight at a time."""
    for size in SIZES:
        reply, _ = _get(service, {size: HUGE}, GLANCE if body.size > SMALL else TIMEOUT)
        if death := _death(service, endpoints.memory_limit, reply):
            return f"GET {PATH} alone is answered, but with {size}={HUGE} the service {death}."
        if reply.status is None or reply.status >= 500:
            return f"GET {PATH} alone is answered, but {reply}."
    timeout = GLANCE if body.size > SMALL else TIMEOUT
    sends = [partial(_reply_only, service, {SIZES[n % 2]: HUGE}, timeout) for n in range(TOGETHER)]
    replies = send_together(sends, timeout=TIMEOUT + 10)
    endpoints.raw["together"] = [str(reply) for reply in replies]
    if death := _death(service, endpoints.memory_limit, *replies):
        return f"One request at a time is answered, but with {TOGETHER} at once the service {death}."
    failed = [reply for reply in replies if reply.status is None or reply.status >= 500]
    if failed:
        return f"With {TOGETHER} at once, {len(failed)} failed: {failed[0]}."
    return ""


def _whole_list(body: Body, total: int) -> tuple[Verdict, str]:
    """One answer with everything in it is right as long as it is not held in memory."""
    if len(body.ids) != total or len(set(body.ids)) != total:
        distinct = len(set(body.ids))
        return Verdict.MASKED, f"The answer has {distinct:,} of {total:,} logs, and is no page of a few."
    if not body.times_fall:
        return Verdict.MASKED, f"The answer has all {total:,} logs, but not the newest first."
    return Verdict.FIXED, f"All {total:,} logs came in one answer that never stood in memory, newest first."


def _page_by_page(
    endpoints: Endpoints, service: Service, connection: ProbeConnection, reply: Reply, body: Body
) -> tuple[Verdict, str, tuple[Figure, ...]]:
    def fetch(query: Mapping[str, Any]) -> Reply:
        answer, content = _get(service, query)
        return Reply(
            answer.request, answer.status, answer.seconds, bytes(content.kept), answer.headers, answer.problem
        )

    whole = Reply(reply.request, reply.status, reply.seconds, bytes(body.kept), reply.headers, reply.problem)
    first = page_of(whole, {})
    if first is None:
        return Verdict.PRESENT, f"{whole}: there is no list of logs in it.", ()
    if not first.rows:
        return Verdict.MASKED, "The answer has no logs in it.", ()
    return _walk(endpoints, service, first, walk(connection, first, fetch, find_turn))


def _walk(
    endpoints: Endpoints, service: Service, first: Page, found: Walk
) -> tuple[Verdict, str, tuple[Figure, ...]]:
    endpoints.raw["walk"] = {"by": found.by, "pages": found.pages, "rows": found.rows, "wrong": found.wrong}
    figures = (Figure("logs walked through", found.rows), Figure("pages", found.pages))
    if found.by is None:
        if says_more_than_rows(first):
            why = "It stays within its memory. How its pages are turned was not understood, nor judged."
            return Verdict.FIXED, why, figures
        why = f"An answer has {len(first.rows)} logs, and no way to older ones was found."
        return Verdict.MASKED, why, figures
    if found.wrong:
        return Verdict.MASKED, f"The service stays within its memory, but {found.wrong}.", figures
    if broken := _broken_by_nonsense(service, found.by):
        return Verdict.MASKED, f"The service stays within its memory, but {broken}.", figures
    why = f"It stays within its memory; {found.pages} pages, by {found.by}, are complete and newest first."
    return Verdict.FIXED, why, figures


def _broken_by_nonsense(service: Service, way: str) -> Reply | None:
    """The answer to a page that there cannot be, where it is neither a page nor a refusal."""
    names = {"page": ("page", "per_page"), "offset": ("offset", "limit")}.get(way, ())
    replies = (_get(service, {name: value})[0] for name in names for value in ("-1", "first"))
    return next((reply for reply in replies if reply.status is None or reply.status >= 500), None)


def _get(service: Service, query: Mapping[str, Any], timeout: float = TIMEOUT) -> tuple[Reply, Body]:
    body = Body(until=time.monotonic() + timeout)
    reply = stream(service.url, PATH, body.take, query=query, timeout=timeout + 5, silence=TIMEOUT)
    return reply, body


def _reply_only(service: Service, query: Mapping[str, Any], timeout: float) -> Reply:
    return _get(service, query, timeout)[0]


def _death(service: Service, limit: int, *replies: Reply) -> str:
    """How the service ended; empty while it lives. One that broke off an answer may be about to end."""
    until = time.monotonic() + (LAST_BREATH if any(reply.status is None for reply in replies) else 0)
    while (health := service.health()).alive and time.monotonic() < until:
        time.sleep(0.02)
    if health.alive:
        return ""
    if health.out_of_memory:
        peak = f"{health.peak / MIB:.0f} MiB of {limit / MIB:.0f}"
        return f"was killed, out of memory at {peak} (exit code {health.exit_code})"
    return str(health)
