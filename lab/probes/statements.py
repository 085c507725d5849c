"""What a service has the database do, counted by the server itself (pg_stat_statements)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from lab.probes.connection import ProbeConnection

DATA = re.compile(
    r"\A(\s|--[^\n]*\n|/\*.*?\*/)*(select|insert|update|delete|merge|with|values|table|declare)\b",
    re.I | re.S,
)
PING = re.compile(r"\A\s*select\s+(\$1|1)\s*;?\s*\Z", re.I)
SNAPSHOT = """
SELECT s.queryid::text || s.toplevel, s.query, s.calls, s.rows, s.shared_blks_hit + s.shared_blks_read,
       s.total_exec_time
  FROM pg_stat_statements s
 WHERE s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
   AND s.userid = (SELECT oid FROM pg_roles WHERE rolname = %s) AND s.query NOT LIKE '%%pg_stat_statements%%'
"""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a role, its values left out: how often it ran, and the blocks that it touched."""

    text: str
    calls: int
    rows: int
    blocks: int
    milliseconds: float


@dataclass(slots=True)
class Count:
    """What ran between two moments. Set-up (BEGIN, pings, FETCH) is left out."""

    statements: tuple[Statement, ...] = ()

    @property
    def calls(self) -> int:
        return sum(one.calls for one in self.statements)

    @property
    def blocks(self) -> int:
        return sum(one.blocks for one in self.statements)

    @property
    def most_called(self) -> Statement | None:
        return max(self.statements, key=lambda one: one.calls, default=None)


@contextmanager
def counted(connection: ProbeConnection, role: str) -> Iterator[Count]:
    """Count what `role` runs in this block; one request at a time, or they are counted together."""
    before = _snapshot(connection, role)
    count = Count()
    yield count
    after = _snapshot(connection, role)
    nothing = Statement("", 0, 0, 0, 0.0)
    found = []
    for key, late in after.items():
        early = before.get(key, nothing)
        if late.calls > early.calls and DATA.match(late.text) and not PING.match(late.text):
            found.append(
                Statement(
                    late.text,
                    late.calls - early.calls,
                    late.rows - early.rows,
                    late.blocks - early.blocks,
                    late.milliseconds - early.milliseconds,
                )
            )
    count.statements = tuple(found)


def _snapshot(connection: ProbeConnection, role: str) -> dict[str, Statement]:
    return {key: Statement(*rest) for key, *rest in connection.query(SNAPSHOT, role)}
