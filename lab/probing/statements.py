"""Count the statements that one database role executes, with pg_stat_statements.

Source: https://www.postgresql.org/docs/current/pgstatstatements.html
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Self

from lab.probing.connection import ProbeConnection

NOT_COUNTED = "The response is right, but the database counted no statement of the service's role."
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
    """One normalized statement of a role: how often it was called, and the rows, blocks and time in total."""

    text: str
    calls: int
    rows: int
    blocks: int
    milliseconds: float

    def since(self, earlier: Self) -> Self:
        """The same statement, with only what was added after `earlier`."""
        return replace(
            self,
            calls=self.calls - earlier.calls,
            rows=self.rows - earlier.rows,
            blocks=self.blocks - earlier.blocks,
            milliseconds=self.milliseconds - earlier.milliseconds,
        )


@dataclass(slots=True)
class Count:
    """The statements of one block, without BEGIN, FETCH and the like, and without pings (SELECT 1)."""

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
    """Count the statements that `role` executes within the block. The count is empty until the block ends."""
    before = _snapshot(connection, role)
    count = Count()
    yield count
    none = Statement("", 0, 0, 0, 0.0)
    added = [late.since(before.get(key, none)) for key, late in _snapshot(connection, role).items()]
    count.statements = tuple(
        one for one in added if one.calls > 0 and DATA.match(one.text) and not PING.match(one.text)
    )


def _snapshot(connection: ProbeConnection, role: str) -> dict[str, Statement]:
    return {key: Statement(*rest) for key, *rest in connection.query(SNAPSHOT, role)}
