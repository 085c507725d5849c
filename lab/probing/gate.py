"""The write gate forces concurrent requests to overlap, independently of their speed.

Requests are sent one by one. Each is held at its first write to a table, so all have read before any writes,
and again at its commit, so all have written before any commits. A request that waits for a lock of another
one goes on after it, as it would without the gate.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.database import connect
from lab.probing.client import Reply, request
from lab.probing.interleaving import Interleaving, Recorder, What
from lab.probing.latch import Latch, latches
from lab.probing.load import Send, send_in_background

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

QUIET = 0.35
"""Seconds without a change after which a request that waits for no lock counts as waiting in its service."""

QUIET_IN_TRANSACTION = 1.5
"""In place of QUIET while a transaction is open that waits for no lock: it continues on its own."""

QUIET_AFTER_LAST = 1.0
"""In place of QUIET in one more wait, after all requests were sent."""

HEARTBEATS = 8
"""Requests to every service that must also end during QUIET, so that a busy machine is given longer."""

HEARTBEAT_PATH = "/favicon.ico"
"""A path that no service has: the response, 404, needs no database."""

TIMEOUT = 30.0
"""Seconds: the limit of each wait for progress, and of the time in which the requests are released."""

POLL = 0.004
OBSERVE = """
SELECT pid, state, state_change::text, xact_start::text, pg_blocking_pids(pid)
  FROM pg_stat_activity
 WHERE datname = current_database() AND backend_type = 'client backend' AND usename <> current_user
 ORDER BY pid
"""


@dataclass(frozen=True, slots=True)
class Backend:
    """A server process of a service's connection (pg_stat_activity); `blockers` are pids it waits for."""

    pid: int
    state: str | None
    state_change: str
    transaction_start: str | None
    blockers: list[int]

    @property
    def running(self) -> bool:
        return not self.blockers and self.state not in {"idle", None}


@dataclass(frozen=True, slots=True)
class Outcome:
    """The replies in the order of the requests.

    `delays` has one number for each request that a lock stopped: the seconds from its start to that stop.
    `interleaving` is what was seen of the requests, in order of time.
    """

    replies: tuple[Reply, ...]
    delays: tuple[float, ...]
    interleaving: Interleaving

    @property
    def succeeded(self) -> tuple[Reply, ...]:
        return tuple(reply for reply in self.replies if reply.ok)

    @property
    def failed(self) -> tuple[Reply, ...]:
        """The replies that are neither a success nor a refusal (4xx)."""
        return tuple(reply for reply in self.replies if not reply.ok and not reply.refused)

    @property
    def shortest_delay(self) -> float:
        """The least of `delays`; 0 if no request was stopped."""
        return min(self.delays, default=0.0)


class Gate:
    """Sends requests and releases them from latch to latch. Made by `write_gate` and `read_gate`.

    `stops` is what the latch `commit` stops. `outcomes` has those of all passes, oldest first.
    """

    def __init__(
        self,
        watch: Connection,
        tables: Sequence[Latch],
        commit: Latch,
        urls: Sequence[str],
        stops: What = What.AT_COMMIT,
    ) -> None:
        self._watch = watch
        self._tables = tables
        self._commit = commit
        self._urls = urls
        self._stops = stops
        self.outcomes: list[Outcome] = []
        self._waiting_in_service = 0
        """The number of unanswered requests that wait for no lock and made no progress."""

    def pass_through(self, sends: Sequence[Send], between: Callable[[], None] | None = None) -> Outcome:
        """Send the requests, then release those that wait, again and again, until all are answered.

        `between` is called before each release, while no request makes progress. A reply has no status if the
        request was not answered TIMEOUT seconds after the last was sent, or its `send` raised an exception.

        Raises:
            EnvironmentFault: a latch could not be locked. No request was sent.
            psycopg2.Error: the database failed.
        """
        latches = (self._commit, *self._tables)
        try:
            for latch in latches:
                latch.lock()
            self.outcomes.append(self._pass(sends, between))
            return self.outcomes[-1]
        finally:
            for latch in reversed(latches):
                latch.unlock()

    def _pass(self, sends: Sequence[Send], between: Callable[[], None] | None) -> Outcome:
        self._waiting_in_service = 0
        pending: list[Future[Reply]] = []
        delays: list[float] = []
        recorder = Recorder(self._watch)
        for send in sends:
            started, blocked = time.monotonic(), self._blocked()
            pending.append(send_in_background(send))
            self._settle(pending)
            if self._blocked() > blocked:
                delays.append(time.monotonic() - started)
            recorder.sent(started)
            recorder.look(pending, self._holders())
        if self._waiting_in_service:
            self._waiting_in_service = 0
            self._settle(pending, QUIET_AFTER_LAST)
        self._unlock_in_turn(pending, between, recorder)
        late = Reply("", None, TIMEOUT, problem=f"no response within {TIMEOUT:g} s")
        replies = (one.result() if one.done() and not one.exception() else late for one in pending)
        return Outcome(tuple(replies), tuple(delays), recorder.interleaving(pending))

    def _unlock_in_turn(
        self, pending: Sequence[Future[Reply]], between: Callable[[], None] | None, recorder: Recorder
    ) -> None:
        until = time.monotonic() + TIMEOUT
        while not all(one.done() for one in pending) and time.monotonic() < until:
            blocking = self._blocking_latches()
            if not blocking:
                time.sleep(POLL)
                continue
            if between is not None:
                between()
            recorder.released({self._stops} if self._commit in blocking else {What.BEFORE_WRITE})
            for latch in blocking:
                latch.release_waiting(self._watch)
            self._waiting_in_service = 0
            self._settle(pending)
            recorder.look(pending, self._holders())

    def _holders(self) -> dict[int, What]:
        """What each latch stops, by the pid of its holder."""
        return {latch.pid: What.BEFORE_WRITE for latch in self._tables} | {self._commit.pid: self._stops}

    def _blocking_latches(self) -> tuple[Latch, ...]:
        """The table latches that block a request; the commit latch only if no request waits for a table."""
        blockers = {pid for backend in self._observe() for pid in backend.blockers}
        tables = tuple(latch for latch in self._tables if latch.pid in blockers)
        return tables or ((self._commit,) if self._commit.pid in blockers else ())

    def _blocked(self) -> int:
        return sum(bool(backend.blockers) for backend in self._observe())

    def _settle(self, pending: Sequence[Future[Reply]], quiet: float = QUIET) -> None:
        """Wait until each request is answered, or blocked by a lock, or has not changed for long enough."""
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
    """Make the write gate of the database at `url`, for services at `urls`. Raises the same as `latches`."""
    with (
        closing(connect(url)) as watch,
        latches(url) as (tables, commit),
    ):
        yield Gate(watch, tables, commit, urls)
