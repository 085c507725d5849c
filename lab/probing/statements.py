"""Count the statements that a service executes, with pg_stat_statements.

Source: https://www.postgresql.org/docs/current/pgstatstatements.html
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Self

import psycopg2

from lab.errors import EnvironmentFault
from lab.probing.connection import Database, ProbeConnection, open_connection

NOT_COUNTED = "The response is right, but the database counted no statement."
DATA = re.compile(
    r"\A(\s|\(|--[^\n]*\n|/\*.*?\*/)*(select|insert|update|delete|merge|with|values|table|declare)\b",
    re.I | re.S,
)
PING = re.compile(r"\A\s*select\s+(\$1|1)\s*;?\s*\Z", re.I)
SNAPSHOT = """
SELECT concat_ws(' ', s.userid, s.queryid, s.toplevel), r.rolname, s.query, s.toplevel, s.calls, s.rows,
       s.shared_blks_hit + s.shared_blks_read, s.total_exec_time
  FROM pg_stat_statements s JOIN pg_roles r ON r.oid = s.userid
 WHERE s.dbid = (SELECT oid FROM pg_database WHERE datname = %s)
   AND r.rolname <> %s AND NOT r.rolsuper
"""


LOOKS = re.compile(
    r"\bpg_(stat_\w+|locks|lock_status|settings|trigger|polic\w+|proc|roles|authid|database)\b", re.I
)
"""What a statement names that looks at the server's own state."""

RESETS = "SELECT stats_reset, dealloc FROM pg_stat_statements_info"


@dataclass(frozen=True, slots=True)
class Statement:
    """One normalized statement of a role: how often it was called, and the rows, blocks and time in total.

    One that is not `top_level` was executed by a function or a DO block.
    """

    role: str
    text: str
    top_level: bool
    calls: int
    rows: int
    blocks: int
    milliseconds: float

    @property
    def reads_or_writes(self) -> bool:
        """Whether it is a query or a change of rows. In a function or a block, any statement counts."""
        return not PING.match(self.text) and (not self.top_level or bool(DATA.match(self.text)))

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
    """The statements of one block.

    `all` has every one, `statements` those that read or write rows: no BEGIN, FETCH and the like, and no ping
    (SELECT 1).
    """

    all: tuple[Statement, ...] = ()

    @property
    def statements(self) -> tuple[Statement, ...]:
        return tuple(one for one in self.all if one.reads_or_writes)

    @property
    def calls(self) -> int:
        return sum(one.calls for one in self.statements)

    def of(self, role: str) -> int:
        """How many statements this role executed."""
        return sum(one.calls for one in self.statements if one.role == role)

    @property
    def blocks(self) -> int:
        """The blocks that were read. Those of a function count for the statement that called it."""
        return sum(one.blocks for one in self.all if one.top_level)

    @property
    def most_called(self) -> Statement | None:
        return max(self.statements, key=lambda one: one.calls, default=None)


@contextmanager
def counted(connection: ProbeConnection) -> Iterator[Count]:
    """Count the statements that all roles but the probe's execute in the database within the block.

    Those in functions and DO blocks count. The count is empty until the block ends.

    Raises:
        EnvironmentFault: statements may be missing from the statistics.
    """
    reset, before = connection.observe(RESETS), _snapshot(connection)
    count = Count()
    yield count
    none = Statement("", "", True, 0, 0, 0, 0.0)
    added = [late.since(before.get(key, none)) for key, late in _snapshot(connection).items()]
    count.all = tuple(one for one in added if one.calls > 0)
    if connection.observe(RESETS) != reset:
        raise EnvironmentFault(
            "The statistics of the statements were reset, or had no room, while they were counted."
        )


def statements_about_the_server(database: Database) -> tuple[str, ...]:
    """Return the statements of all roles but the probe's that look at the server's own state.

    They are not known if the server has no statistics, or does not run any more.
    """
    found: set[str] = set()
    with suppress(psycopg2.Error, EnvironmentFault), open_connection(database) as connection:
        found = {one.text for one in _snapshot(connection).values() if LOOKS.search(one.text)}
    return tuple(sorted(" ".join(text.split()) for text in found))


def _snapshot(connection: ProbeConnection) -> dict[str, Statement]:
    found = connection.observe(SNAPSHOT, connection.database.name, connection.database.role)
    return {key: Statement(*rest) for key, *rest in found}
