"""The write gate forces concurrent requests to overlap, independently of their speed.

Requests are sent one by one. Each is held at its first write, so all of them have read before any writes.
Then all of them write before any commits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.database import connect
from lab.probes.client import Reply, request
from lab.probes.latch import APPLICATION, Latch, latches
from lab.probes.load import Send, send_in_background

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

QUIET = 0.35
"""After this many seconds without a change, a request that no lock holds counts as waiting in its service."""

QUIET_IN_TRANSACTION = 1.5
"""The same while a transaction is open or a statement runs, because these continue on their own."""

QUIET_AFTER_LAST = 1.0
"""The same once all requests are sent."""

HEARTBEATS = 8
"""Responses that every service must also have given in that time, so that a busy machine is given longer."""

HEARTBEAT_PATH = "/openapi.yaml"
"""A path that needs no database."""

TIMEOUT = 30.0
POLL = 0.004
OBSERVE = """
SELECT pid, state, state_change::text, xact_start::text, pg_blocking_pids(pid)
  FROM pg_stat_activity
 WHERE datname = current_database() AND backend_type = 'client backend' AND application_name NOT LIKE 'lab %'
 ORDER BY pid
"""


@dataclass(frozen=True, slots=True)
class Backend:
    """The server process of one of the services' connections, as pg_stat_activity shows it."""

    pid: int
    state: str
    state_change: str
    transaction_start: str | None
    blockers: list[int]

    @property
    def running(self) -> bool:
        return not self.blockers and self.state not in {"idle", None}


@dataclass(frozen=True, slots=True)
class Outcome:
    """The replies in the order of the requests, and the seconds after which each held request was held."""

    replies: tuple[Reply, ...]
    delays: tuple[float, ...]

    @property
    def succeeded(self) -> tuple[Reply, ...]:
        return tuple(reply for reply in self.replies if reply.ok)

    @property
    def failed(self) -> tuple[Reply, ...]:
        """The replies that are neither a success nor a refusal (4xx)."""
        return tuple(reply for reply in self.replies if not reply.ok and not reply.refused)

    @property
    def shortest_delay(self) -> float:
        return min(self.delays, default=0.0)


class Gate:
    """Made by `write_gate` and `read_gate`."""

    def __init__(
        self, watch: Connection, tables: Sequence[Latch], commit: Latch, urls: Sequence[str]
    ) -> None:
        self._watch = watch
        self._tables = tables
        self._commit = commit
        self._urls = urls
        self._waiting_in_service = 0
        """Unanswered requests that no lock holds and that made no progress."""

    def pass_through(self, sends: Sequence[Send], between: Callable[[], None] | None = None) -> Outcome:
        """Send the requests, unlock latch after latch, and return when all are answered or time out.

        `between` is called each time before a latch is unlocked, while no request makes progress.

        Raises:
            EnvironmentFault: a latch cannot be locked.
        """
        latches = (self._commit, *self._tables)
        try:
            for latch in latches:
                latch.lock()
            return self._pass(sends, between)
        finally:
            for latch in reversed(latches):
                latch.unlock()

    def _pass(self, sends: Sequence[Send], between: Callable[[], None] | None) -> Outcome:
        self._waiting_in_service = 0
        pending: list[Future[Reply]] = []
        delays: list[float] = []
        for send in sends:
            started, blocked = time.monotonic(), self._blocked()
            pending.append(send_in_background(send))
            self._settle(pending)
            if self._blocked() > blocked:
                delays.append(time.monotonic() - started)
        if self._waiting_in_service:
            self._waiting_in_service = 0
            self._settle(pending, QUIET_AFTER_LAST)
        self._unlock_in_turn(pending, between)
        late = Reply("", None, TIMEOUT, problem=f"no response within {TIMEOUT:g} s")
        replies = (one.result() if one.done() and not one.exception() else late for one in pending)
        return Outcome(tuple(replies), tuple(delays))

    def _unlock_in_turn(self, pending: Sequence[Future[Reply]], between: Callable[[], None] | None) -> None:
        until = time.monotonic() + TIMEOUT
        while not all(one.done() for one in pending) and time.monotonic() < until:
            blocking = self._blocking_latches()
            if not blocking:
                time.sleep(POLL)
                continue
            if between is not None:
                between()
            for latch in blocking:
                latch.release_waiting(self._watch)
            self._waiting_in_service = 0
            self._settle(pending)

    def _blocking_latches(self) -> tuple[Latch, ...]:
        """The table latches that block a request; the commit latch only if no request waits for a table."""
        blockers = {pid for backend in self._observe() for pid in backend.blockers}
        tables = tuple(latch for latch in self._tables if latch.pid in blockers)
        return tables or ((self._commit,) if self._commit.pid in blockers else ())

    def _blocked(self) -> int:
        return sum(bool(backend.blockers) for backend in self._observe())

    def _settle(self, pending: Sequence[Future[Reply]], quiet: float = QUIET) -> None:
        """Return when each request is answered, or blocked by a lock, or has not changed for long enough."""
        before: tuple[object, ...] = ()
        since, heartbeats, until = time.monotonic(), 0, time.monotonic() + TIMEOUT
        while time.monotonic() < until:
            unanswered = sum(not one.done() for one in pending)
            backends = self._observe()
            blocked = sum(bool(one.blockers) for one in backends)
            if unanswered <= blocked + self._waiting_in_service:
                return
            now = (unanswered, backends)
            if now != before:
                before, since, heartbeats = now, time.monotonic(), 0
            enough = QUIET_IN_TRANSACTION if any(one.running for one in backends) else quiet
            if time.monotonic() - since >= enough and heartbeats >= HEARTBEATS:
                self._waiting_in_service = unanswered - blocked
                return
            if time.monotonic() - since > 20 * POLL:
                for url in self._urls:
                    request(url, HEARTBEAT_PATH, timeout=1.0)
                heartbeats += 1
            time.sleep(POLL)

    def _observe(self) -> tuple[Backend, ...]:
        with self._watch.cursor() as cursor:
            cursor.execute(OBSERVE)
            return tuple(Backend(*columns) for columns in cursor.fetchall())


@contextmanager
def write_gate(url: str, urls: Sequence[str]) -> Iterator[Gate]:
    """A gate over every table of the database at `url`; `urls` are the services that receive the requests."""
    with (
        closing(connect(url, application=APPLICATION)) as watch,
        latches(url) as (tables, commit),
    ):
        yield Gate(watch, tables, commit, urls)
