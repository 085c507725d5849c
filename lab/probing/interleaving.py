"""The order in which concurrent requests were seen to read, wait, write and end while they passed a gate.

Nothing is assumed: what a request has read and written are the locks of its transaction in pg_locks, and what
it waits for is in pg_blocking_pids. A server process that may be that of several requests is left out.
"""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from lab.probing.client import Reply

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

LOOK = """
SELECT a.pid, a.xact_start::text, a.query, extract(epoch FROM clock_timestamp() - a.query_start)::float8,
       pg_blocking_pids(a.pid),
       ARRAY(SELECT l.mode || ' ' || l.relation::regclass::text
               FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
              WHERE l.pid = a.pid AND l.granted AND c.relkind IN ('r', 'p')
                AND c.relnamespace <> ALL ('{pg_catalog,information_schema}'::regnamespace[])
              ORDER BY 1)
  FROM pg_stat_activity a
 WHERE a.datname = current_database() AND a.backend_type = 'client backend'
   AND a.usename <> current_user AND a.state <> 'idle'
 ORDER BY a.pid
"""
READ, LOCKED, WRITTEN = "AccessShareLock", "RowShareLock", "RowExclusiveLock"
"""The locks that a table gets from SELECT, from SELECT ... FOR UPDATE or a foreign key, and from a write."""

STATEMENT = re.compile(r"(UPDATE|INSERT INTO|DELETE FROM)\s+(?:ONLY\s+)?(\S+)", re.IGNORECASE)
ROW_LOCK = re.compile(r"\bFOR\s+(UPDATE|NO KEY UPDATE|SHARE|KEY SHARE)\b", re.IGNORECASE)


class What(StrEnum):
    """What a request was seen to do. `released`: its gate opened. `waits`: for a lock of another request."""

    SENT = "sent"
    BEFORE_WRITE = "stopped before its first write to a table"
    AT_COMMIT = "stopped at its commit"
    IN_READ = "stopped in its first read"
    WAITS = "waits for a lock"
    WAITS_IN_SERVICE = "waits in its service"
    RELEASED = "released"
    ANSWERED = "answered"


@dataclass(frozen=True, slots=True)
class Event:
    """What one request, numbered from 1, was seen to do, `seconds` after the first request was sent.

    `statement` is the beginning of the one that it is in. `read`, `locked` (rows) and `written` are the
    tables that its transaction has used since the request's last event. `waits_for` is the request whose
    lock it waits for, None if that is not known. `status` is that of its response.
    """

    request: int
    what: What
    seconds: float
    statement: str = ""
    read: tuple[str, ...] = ()
    locked: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    waits_for: int | None = None
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Interleaving:
    """Concurrent requests, such as `POST /x`, and what was seen of them, in order of time."""

    requests: tuple[str, ...]
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class _Backend:
    """A server process that is not idle. `locks` are those that it has on tables: mode and table."""

    pid: int
    started: str | None
    query: str
    age: float
    blockers: list[int]
    locks: list[str]

    @property
    def transaction(self) -> tuple[int, str | None]:
        return self.pid, self.started


@dataclass(slots=True)
class _Request:
    """What is known of one request: `used` are the locks that earlier events have, `last` is the last one."""

    sent: float
    answered: bool = False
    transaction: tuple[int, str | None] | None = None
    used: set[str] = field(default_factory=set)
    last: Event | None = None


class Recorder:
    """Records the events of one pass through a gate. The gate calls it after each of its own steps."""

    def __init__(self, watch: Connection) -> None:
        self._watch = watch
        self._events: list[Event] = []
        self._requests: list[_Request] = []
        self._start = self._mark = time.monotonic()

    def sent(self, at: float) -> None:
        """Record that one more request was sent, at this time of time.monotonic()."""
        if not self._requests:
            self._start = at
        self._mark = at
        self._requests.append(_Request(at))
        self._events.append(Event(len(self._requests), What.SENT, self._seconds(at)))

    def released(self, stops: Collection[What]) -> None:
        """Record that the requests which were stopped at one of these go on now."""
        self._mark = time.monotonic()
        for number, request in enumerate(self._requests, 1):
            if request.last and request.last.what in stops and not request.answered:
                self._add(Event(number, What.RELEASED, self._seconds(self._mark)))

    def look(self, pending: Sequence[Future[Reply]], latches: Mapping[int, What]) -> None:
        """Record what has changed. `latches` has the pid of each latch's holder, and what it stops."""
        self._add_answers(pending)
        with self._watch.cursor() as cursor:
            cursor.execute(LOOK)
            blocked = [one for one in (_Backend(*row) for row in cursor.fetchall()) if one.blockers]
        now = time.monotonic()
        owners = self._owners(blocked)
        for backend in blocked:
            if backend.pid in owners:
                self._add(self._event(backend, latches, owners, now))
        if len(owners) == len(blocked):
            for number in self._unanswered(except_for=owners.values()):
                self._add(Event(number, What.WAITS_IN_SERVICE, self._seconds(now)))

    def interleaving(self, pending: Sequence[Future[Reply]]) -> Interleaving:
        """Return what was recorded, once no request is waited for any more."""
        self._add_answers(pending)
        names = tuple(reply.request if (reply := _reply(one)) else "" for one in pending)
        return Interleaving(names, tuple(sorted(self._events, key=lambda event: event.seconds)))

    def _seconds(self, at: float) -> float:
        return round(at - self._start, 4)

    def _add(self, event: Event) -> None:
        """Add the event, unless it is the one before of its request."""
        request = self._requests[event.request - 1]
        if request.last and _key(request.last) == _key(event):
            return
        request.last = event
        self._events.append(event)

    def _add_answers(self, pending: Sequence[Future[Reply]]) -> None:
        for number, (request, future) in enumerate(zip(self._requests, pending, strict=True), 1):
            reply = _reply(future)
            if reply is not None and not request.answered:
                request.answered, request.transaction = True, None
                at = max(self._mark, request.sent + reply.seconds)
                self._add(Event(number, What.ANSWERED, self._seconds(at), status=reply.status))

    def _owners(self, blocked: Sequence[_Backend]) -> dict[int, int]:
        """The request of each of these server processes, where it is certain.

        A transaction stays that of its request. A new one is that of the only request without one.
        """
        known = {one.transaction: number for number, one in enumerate(self._requests, 1) if one.transaction}
        owners = {one.pid: known[one.transaction] for one in blocked if one.transaction in known}
        new = [one for one in blocked if one.pid not in owners]
        free = list(self._unanswered(except_for=owners.values()))
        if len(new) == len(free) == 1:
            request = self._requests[free[0] - 1]
            request.transaction, request.used = new[0].transaction, set()
            owners[new[0].pid] = free[0]
        return owners

    def _unanswered(self, *, except_for: Collection[int]) -> Iterator[int]:
        for number, request in enumerate(self._requests, 1):
            if not request.answered and number not in except_for:
                yield number

    def _event(
        self, backend: _Backend, latches: Mapping[int, What], owners: Mapping[int, int], now: float
    ) -> Event:
        number, seconds = owners[backend.pid], self._seconds(max(self._mark, now - backend.age))
        statement = _beginning(backend.query)
        stops = [latches[pid] for pid in backend.blockers if pid in latches]
        if not stops:
            # It may have its locks on tables for the statement that waits. The next event has them.
            waits_for = next((owners[pid] for pid in backend.blockers if pid in owners), None)
            return Event(number, What.WAITS, seconds, statement, waits_for=waits_for)
        request = self._requests[number - 1]
        new = [lock.partition(" ")[::2] for lock in backend.locks if lock not in request.used]
        request.used.update(backend.locks)
        written = tuple(table for mode, table in new if mode == WRITTEN)
        locked = tuple(table for mode, table in new if mode == LOCKED and table not in written)
        read = tuple(table for mode, table in new if mode == READ and table not in (*written, *locked))
        return Event(number, stops[0], seconds, statement, read, locked, written)


def _key(event: Event) -> tuple[object, ...]:
    return event.what, event.statement, event.waits_for


def _reply(future: Future[Reply]) -> Reply | None:
    return future.result() if future.done() and not future.exception() else None


def _beginning(query: str) -> str:
    """Return what a statement does: `UPDATE t`, `SELECT … FOR UPDATE` and the like, else its first word."""
    text = query.strip()
    if found := STATEMENT.match(text):
        return f"{found[1].upper()} {found[2]}"
    word = (text.split() or [""])[0].upper()
    row_lock = ROW_LOCK.search(text)
    return f"{word} … FOR {' '.join(row_lock[1].upper().split())}" if row_lock else word
