"""Bug 6: how much memory does GET /execution-logs need, and can every log be read through it?"""

import re
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial

from lab.probing.bench import Bench, Service, require_running
from lab.probing.client import Reply, request
from lab.probing.connection import ProbeConnection, open_connection
from lab.probing.evidence import Evidence, Figure, Verdict, sentence
from lab.probing.load import send_together
from lab.probing.parameters import Parameter, query_parameters

from ..devices import DEVICE_SERVICE
from .forms import MOST, Number
from .names import OTHER_SIZES, SIZE, SIZES
from .offers import PATH, not_understood, snake_case
from .pages import Page, Target, page_of
from .walk import Walk, walk

OPENAPI = "/openapi.yaml"
MIB = 2**20
HUGE = 1_000_000
"""The page size in requests for far too many rows."""

TOGETHER = 8
TIMEOUT = 60.0
FULL_LIST_TIMEOUT = 300.0
"""Seconds for the whole list, on a slow machine. The response may not pause for longer than TIMEOUT."""

EXIT_WAIT = 2.0
"""Seconds to wait for the end of a service that did not complete a response."""

READ_TIME = 6.0
"""Seconds for which a long response is read where only the service's memory matters."""

SMALL = 4 * MIB
"""Bytes: a body up to this size is kept and parsed. A larger one is only searched for ids and timestamps."""

ID = re.compile(rb'"id":\s*(-?\d+)')
TIMESTAMP = re.compile(rb'"started_at":\s*"([^"]+)"')


@dataclass(slots=True)
class Body:
    """Receives a body until the monotonic time `until`; `cut` says whether reading stopped then.

    `size` is in bytes. `kept` has only the chunks within the first SMALL bytes. `ids` and `newest_first` come
    from a search of the whole text.
    """

    until: float
    kept: bytearray = field(default_factory=bytearray)
    size: int = 0
    cut: bool = False
    ids: list[int] = field(default_factory=list)
    newest_first: bool = True
    _rest: bytes = b""
    _last: bytes = b""

    def receive(self, chunk: bytes) -> bool:
        """Take one chunk, and return whether to read on."""
        self.size += len(chunk)
        if self.size <= SMALL:
            self.kept.extend(chunk)
        text = self._rest + chunk
        # Objects before the last brace are complete. The rest waits for the next chunk.
        complete, brace, rest = text.rpartition(b"}")
        self._rest = rest if brace else text
        self._search(complete)
        self.cut = time.monotonic() >= self.until
        return not self.cut

    def _search(self, text: bytes) -> None:
        self.ids.extend(map(int, ID.findall(text)))
        for timestamp in TIMESTAMP.findall(text):
            if self._last and timestamp > self._last:
                self.newest_first = False
            self._last = timestamp


Finding = tuple[Verdict, str, tuple[Figure, ...]]


def probe(bench: Bench) -> Evidence:
    """On a new instance, request the list, huge pages (one by one, then at once), then page after page."""
    service = bench.launch(DEVICE_SERVICE, "memory")
    try:
        require_running(service)
        with open_connection(bench.database) as connection:
            verdict, why, figures = _measure(bench, service, connection)
    finally:
        ended = service.stop()
    bench.raw["end"] = str(ended)
    memory = Figure(
        "most memory used", round(ended.peak / MIB, 1), "MiB", bench.memory_limits[DEVICE_SERVICE] / MIB
    )
    return Evidence(verdict, why, (memory, *figures))


def _measure(bench: Bench, service: Service, connection: ProbeConnection) -> Finding:
    total = int(connection.value("SELECT count(*) FROM execution_logs"))
    first, body = _get(service, Target({}), FULL_LIST_TIMEOUT)
    figures: tuple[Figure, ...] = (
        Figure("logs in one answer", len(body.ids)),
        Figure.duration("time of one answer", first.seconds),
    )
    if end := _end(service, bench.memory_limits[DEVICE_SERVICE], first):
        return Verdict.PRESENT, sentence(f"GET {PATH} of {total:,} logs: the service {end}"), figures
    if not first.ok:
        return Verdict.PRESENT, sentence(str(first)), figures
    if body.cut:
        why = f"GET {PATH}: the response had no end within {FULL_LIST_TIMEOUT:g} s."
        return Verdict.PRESENT, why, figures
    declared = query_parameters(request(service.url, OPENAPI).body, PATH)
    if problem := _problem_under_load(bench, service, declared, READ_TIME if body.size > SMALL else TIMEOUT):
        return Verdict.MASKED, problem, figures
    if body.size > SMALL:
        verdict, why = _judge_full_list(body, total)
        return verdict, why, figures
    reply = replace(first, body=bytes(body.kept))
    page = page_of(reply, Target({}))
    if page is None:
        return Verdict.PRESENT, f"{reply}: there is no list of logs in it.", figures
    if not page.rows:
        return Verdict.MASKED, "The response has no logs in it.", figures
    walked = walk(connection, page, partial(_get_page, service), declared)
    bench.raw["walk"] = asdict(walked)
    verdict, why = _judge_walk(service, page, walked, not_understood(page, declared))
    return verdict, why, (*figures, Figure("logs walked through", walked.rows), Figure("pages", walked.pages))


def _problem_under_load(bench: Bench, service: Service, declared: Sequence[Parameter], timeout: float) -> str:
    """How requests for far too many rows fail, alone or together, as a sentence; empty if none fails."""
    sizes = [one.name for one in declared if SIZE.search(snake_case(one.name))]
    others = (*OTHER_SIZES, *sizes[:MOST])
    for what, names in (*((size, (size,)) for size in SIZES), ("another page size", others)):
        reply, _ = _get(service, Target(dict.fromkeys(names, HUGE)), timeout)
        if end := _end(service, bench.memory_limits[DEVICE_SERVICE], reply):
            return sentence(f"GET {PATH} alone is answered, but with {what}={HUGE} the service {end}")
        if reply.failed:
            return sentence(f"GET {PATH} alone is answered, but {reply}")
    sends = [partial(_get_reply, service, Target({SIZES[n % 2]: HUGE}), timeout) for n in range(TOGETHER)]
    replies = send_together(sends, timeout=TIMEOUT + 10)
    bench.raw["together"] = [str(reply) for reply in replies]
    if end := _end(service, bench.memory_limits[DEVICE_SERVICE], *replies):
        return sentence(f"One request at a time is answered, but with {TOGETHER} at once the service {end}")
    failed = [reply for reply in replies if reply.failed]
    return sentence(f"With {TOGETHER} at once, {len(failed)} failed: {failed[0]}") if failed else ""


def _judge_full_list(body: Body, total: int) -> tuple[Verdict, str]:
    distinct = len(set(body.ids))
    if len(body.ids) != total or distinct != total:
        why = f"The response is too large for a page, and has {distinct:,} of {total:,} logs."
        return Verdict.MASKED, why
    if not body.newest_first:
        return Verdict.MASKED, f"The response has all {total:,} logs, but not the newest first."
    why = f"The service stays within its memory limit; one response has all {total:,} logs, newest first."
    return Verdict.FIXED, why


def _judge_walk(service: Service, first: Page, found: Walk, unclear: Sequence[str]) -> tuple[Verdict, str]:
    """`unclear` are the names of what the response and the OpenAPI file offer in an unknown form."""
    problem = found.wrong or (_invalid_page_problem(service, found.number) if found.number else "")
    if problem:
        return Verdict.MASKED, sentence(f"The service stays within its memory limit, but {problem}")
    if found.by is None and unclear:
        offered = ", ".join(name[:40] for name in unclear[:3])
        why = f"A response has {len(first.rows)} logs. Its way to older ones is not understood: {offered}."
        return Verdict.UNMEASURED, why
    if found.by is None:
        return Verdict.MASKED, f"A response has {len(first.rows)} logs, and no way to older ones was found."
    pages = f"{found.pages} pages, by {found.by}"
    why = f"The service stays within its memory limit; its {pages}, are complete and newest first."
    return Verdict.FIXED, why


def _invalid_page_problem(service: Service, number: Number) -> str:
    """The first reply to an invalid page number, offset or size that is a failure; empty if none is."""
    names = (number.name, *SIZES[:2])
    targets = (Target({name: value}) for name in names for value in ("-1", "first"))
    replies = (_get(service, target)[0] for target in targets)
    return next((str(reply) for reply in replies if reply.failed), "")


def _get(service: Service, target: Target, timeout: float = TIMEOUT) -> tuple[Reply, Body]:
    """Request the list, and read for `timeout` seconds at most. The body is not in the reply."""
    body, path = Body(until=time.monotonic() + timeout), target.path or PATH
    reply = request(
        service.url,
        path,
        query=target.query,
        timeout=timeout + TIMEOUT,
        read_timeout=TIMEOUT,
        receive=body.receive,
    )
    return reply, body


def _get_page(service: Service, target: Target) -> Reply:
    reply, body = _get(service, target)
    return replace(reply, body=bytes(body.kept))


def _get_reply(service: Service, target: Target, timeout: float) -> Reply:
    return _get(service, target, timeout)[0]


def _end(service: Service, limit: int, *replies: Reply) -> str:
    """How the service ended; empty if it runs. Waits up to EXIT_WAIT seconds if a reply is incomplete."""
    until = time.monotonic() + (EXIT_WAIT if any(reply.status is None for reply in replies) else 0)
    while (health := service.health()).alive and time.monotonic() < until:
        time.sleep(0.02)
    if health.alive:
        return ""
    if health.out_of_memory:
        peak = f"{health.peak / MIB:.0f} MiB of {limit / MIB:.0f}"
        return f"was killed, out of memory at {peak} (exit code {health.exit_code})"
    return str(health)
