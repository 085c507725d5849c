"""The plans with which the server executed a service's statements, read from its log (auto_explain, jsonlog).

Only the plans of one role in one database are logged, so a running lab on the same server is not affected.
Source: https://www.postgresql.org/docs/current/auto-explain.html
"""

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg2

from lab.probing.connection import ProbeConnection, role_settings

SETTINGS = {
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_format": "json",
    "auto_explain.log_analyze": "on",
    "auto_explain.log_buffers": "on",
    "auto_explain.log_timing": "off",
}
MARKER = "plan:\n"
"""The text before the plan in a log message."""

READ = "SELECT pg_read_binary_file(%s, %s, 100000000)"
TIMEOUT = 2.0
POLL = 0.02


@dataclass(frozen=True, slots=True)
class Plan:
    """One statement, and the root node of its plan in the form of EXPLAIN (ANALYZE, FORMAT JSON)."""

    text: str
    root: dict[str, Any]

    def full_scans(self, table: str | Mapping[str, int]) -> int:
        """How many times the statement scanned the table sequentially. A parallel scan counts once.

        Of a partitioned table, the argument is its `Table.parts`. Scans of partitions with less than half of
        its blocks are none of the table: a partition is to its table what an index is.
        """
        parts = {table: 1} if isinstance(table, str) else {name: max(1, size) for name, size in table.items()}
        scans: Counter[str] = Counter()
        for node in _nodes(self.root):
            name = str(node.get("Relation Name"))
            if "Seq Scan" in str(node.get("Node Type")) and name in parts:
                # In a parallel scan, the loops are the processes that share it.
                loops = int(node.get("Actual Loops", 1))
                scans[name] += min(loops, 1) if node.get("Parallel Aware") else loops
        scanned = sum(parts[name] for name, count in scans.items() if count)
        if not scanned or 2 * scanned < sum(parts.values()):
            return 0
        return max(1, round(sum(parts[name] * count for name, count in scans.items()) / scanned))

    def outline(self) -> str:
        """The plan as an indented list of its nodes, with loops and blocks.

        Nodes that were never executed are left out, such as partitions that the server did not need.
        """
        return "\n".join(_outline(self.root, 0))


def _value(connection: ProbeConnection, query: str, *values: Any) -> Any:
    return connection.observe(query, *values)[0][0]


@contextmanager
def explained(connection: ProbeConnection, role: str) -> Iterator[None]:
    """Log the plans of connections that `role` opens to this database within the block, until they close."""
    with role_settings(connection, role, SETTINGS):
        yield


class PlanLog:
    """The plans that the server logs from now on; none if `connection` cannot read its log in JSON."""

    def __init__(self, connection: ProbeConnection) -> None:
        self._connection = connection
        self._file: str | None = None
        self._offset = 0
        try:
            self._file = _value(connection, "SELECT pg_current_logfile('jsonlog')")
            if self._file:
                self._offset = _value(connection, "SELECT size FROM pg_stat_file(%s)", self._file)
        except psycopg2.Error:
            self._file = None

    def read(self, mention: str) -> tuple[Plan, ...]:
        """The plans that were logged since the last call, of statements whose text has `mention` in it.

        Waits until there is one, or TIMEOUT seconds; then the result may be empty.
        """
        until = time.monotonic() + TIMEOUT
        text = b""
        while self._file and time.monotonic() < until:
            more = bytes(_value(self._connection, READ, self._file, self._offset + len(text)))
            text += more
            if not more and (plans := self._plans(text, mention)):
                self._offset += len(text)
                return plans
            time.sleep(POLL)
        self._offset += len(text)
        return self._plans(text, mention)

    def _plans(self, text: bytes, mention: str) -> tuple[Plan, ...]:
        name = self._connection.database.name
        found = []
        for line in text.splitlines():
            try:
                entry = json.loads(line)
                if entry.get("dbname") == name and MARKER in entry.get("message", ""):
                    document = json.loads(entry["message"].split(MARKER, 1)[1])
                    found.append(Plan(document["Query Text"], document["Plan"]))
            except (ValueError, KeyError, AttributeError):
                continue
        return tuple(plan for plan in found if mention in plan.text)


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)


def _outline(node: dict[str, Any], depth: int) -> Iterator[str]:
    name = str(node.get("Node Type"))
    if index := node.get("Index Name"):
        name += f" using {index}"
    if relation := node.get("Relation Name"):
        name += f" on {relation}"
    loops = node.get("Actual Loops")
    if loops == 0:
        return
    blocks = int(node.get("Shared Hit Blocks", 0)) + int(node.get("Shared Read Blocks", 0))
    times = f"{loops}×, " if isinstance(loops, int | float) and loops > 1 else ""
    yield f"{'  ' * depth}{name} ({times}{blocks:,} blocks)"
    for child in node.get("Plans", ()):
        yield from _outline(child, depth + 1)
