"""The write gate: overlaps that other tools hope for, made certain.

Requests are sent one by one. Each goes as far as its first write and is held there, so that all of them have
read before any has written; then all write before any commits. Nothing here depends on who is quick.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.database import connect
from lab.probes.client import Reply, request
from lab.probes.latch import APPLICATION, Latch, latches
from lab.probes.load import Pending

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

QUIET = 0.35
"""Seconds without any change after which a request that no lock holds up counts as waiting in its service."""

QUIET_IN_TRANSACTION = 1.5
"""The same where a transaction is open or a statement runs: that will go on by itself sooner or later."""

QUIET_AT_LAST = 1.0
BEATS = 8
"""Answers that every replica must have given meanwhile: on a busy machine, quiet is measured by these."""

DEADLINE = 30.0
POLL = 0.004
HARMLESS = "/openapi.yaml"
"""A path that is answered without the database."""

OBSERVE = """
SELECT pid, state, state_change::text, xact_start::text, pg_blocking_pids(pid)
  FROM pg_stat_activity
 WHERE datname = current_database() AND backend_type = 'client backend' AND application_name NOT LIKE 'lab %'
 ORDER BY pid
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """One connection of a service as the server shows it."""

    pid: int
    state: str
    changed: str
    since: str | None
    blockers: tuple[int, ...]

    @property
    def under_way(self) -> bool:
        return not self.blockers and self.state not in {"idle", None}


@dataclass(frozen=True, slots=True)
class Passage:
    """What came of the requests; `windows` are the seconds from being sent to the first write, of each."""

    replies: tuple[Reply, ...]
    windows: tuple[float, ...]

    @property
    def won(self) -> tuple[Reply, ...]:
        return tuple(reply for reply in self.replies if reply.ok)

    @property
    def window(self) -> float:
        return min(self.windows, default=0.0)


class Gate:
    """Use it through `write_gate`."""

    def __init__(
        self, watch: Connection, tables: Sequence[Latch], commit: Latch, urls: Sequence[str]
    ) -> None:
        self._watch = watch
        self._tables = tables
        self._commit = commit
        self._urls = urls
        self._resigned = 0

    def pass_through(
        self, sends: Sequence[Callable[[], Reply]], between: Callable[[], None] | None = None
    ) -> Passage:
        """Send the requests, open latch after latch, return when every request is answered or late.

        `between` is called whenever everything stands still.
        """
        latches = (self._commit, *self._tables)
        try:
            for latch in latches:
                latch.shut()
            return self._pass(sends, between)
        finally:
            for latch in reversed(latches):
                latch.open()

    def _pass(self, sends: Sequence[Callable[[], Reply]], between: Callable[[], None] | None) -> Passage:
        self._resigned = 0
        pending: list[Pending] = []
        windows: list[float] = []
        for send in sends:
            started, held = time.monotonic(), len(self._held())
            pending.append(Pending(send).start())
            self._settle(pending)
            if len(self._held()) > held:
                windows.append(time.monotonic() - started)
        if self._resigned:
            self._resigned = 0
            self._settle(pending, at_least=QUIET_AT_LAST)
        self._open_in_turn(pending, between)
        late = Reply("", None, DEADLINE, problem=f"no answer within {DEADLINE:g} s")
        replies = tuple(one.reply or late for one in pending)
        return Passage(replies, tuple(windows))

    def _open_in_turn(self, pending: Sequence[Pending], between: Callable[[], None] | None) -> None:
        until = time.monotonic() + DEADLINE
        while not all(one.answered for one in pending) and time.monotonic() < until:
            chosen = self._ready()
            if not chosen:
                time.sleep(POLL)
                continue
            if between is not None:
                between()
            for latch in chosen:
                latch.let_through(self._watch)
            self._resigned = 0
            self._settle(pending)

    def _ready(self) -> tuple[Latch, ...]:
        """The latches that somebody waits at. Commits go last: everyone is to have written by then."""
        blockers = {pid for seen in self._observe() for pid in seen.blockers}
        tables = tuple(latch for latch in self._tables if latch.pid in blockers)
        return tables or ((self._commit,) if self._commit.pid in blockers else ())

    def _held(self) -> tuple[Seen, ...]:
        return tuple(seen for seen in self._observe() if seen.blockers)

    def _settle(self, pending: Sequence[Pending], at_least: float = QUIET) -> None:
        """Return when every request is answered, or held by a lock, or has not moved for long enough."""
        before: tuple[object, ...] = ()
        since, beats, until = time.monotonic(), 0, time.monotonic() + DEADLINE
        while time.monotonic() < until:
            unanswered = sum(not one.answered for one in pending)
            seen = self._observe()
            held = sum(bool(one.blockers) for one in seen)
            if unanswered <= held + self._resigned:
                return
            now = (unanswered, seen)
            if now != before:
                before, since, beats = now, time.monotonic(), 0
            enough = QUIET_IN_TRANSACTION if any(one.under_way for one in seen) else at_least
            if time.monotonic() - since >= enough and beats >= BEATS:
                self._resigned = unanswered - held
                return
            if time.monotonic() - since > 20 * POLL:
                for url in self._urls:
                    request(url, HARMLESS, timeout=1.0)
                beats += 1
            time.sleep(POLL)

    def _observe(self) -> tuple[Seen, ...]:
        with self._watch.cursor() as cursor:
            cursor.execute(OBSERVE)
            return tuple(Seen(row[0], row[1], row[2], row[3], tuple(row[4])) for row in cursor.fetchall())


@contextmanager
def write_gate(url: str, urls: Sequence[str]) -> Iterator[Gate]:
    """A gate over every table of the database; `urls` are the services whose requests will pass."""
    with (
        closing(connect(url, application=APPLICATION)) as watch,
        latches(url) as (tables, commit),
    ):
        yield Gate(watch, tables, commit, urls)
