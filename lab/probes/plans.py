"""The plans that a service's statements really had, taken from the server's log (auto_explain, jsonlog).

The settings hold for one role in one database, for connections made while the block lasts: the running lab,
which shares the server, is not touched, and its log gets the plans of these few statements only.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg2
from psycopg2 import sql

from lab.probes.connection import ProbeConnection

SETTINGS = {
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_format": "json",
    "auto_explain.log_analyze": "on",
    "auto_explain.log_buffers": "on",
    "auto_explain.log_timing": "off",
}
MARK = "plan:\n"
TIMEOUT = 2.0
SETTLED = 0.1


@dataclass(frozen=True, slots=True)
class Plan:
    """One statement and how the server carried it out, as EXPLAIN (ANALYZE, FORMAT JSON) has it."""

    text: str
    root: dict[str, Any]

    def nodes(self) -> Iterator[dict[str, Any]]:
        yield from _walk(self.root)

    def scans_whole(self, table: str) -> int:
        """How many times the statement read the table from end to end."""
        # The loops of a scan that several processes share are those processes.
        return sum(
            1 if node.get("Parallel Aware") else int(node.get("Actual Loops", 1))
            for node in self.nodes()
            if "Seq Scan" in str(node.get("Node Type")) and node.get("Relation Name") == table
        )

    def outline(self) -> str:
        """The plan as an indented list of its nodes."""
        return "\n".join(_outline(self.root, 0))


@contextmanager
def explained(connection: ProbeConnection, role: str) -> Iterator[None]:
    """Connections that `role` makes to this database within the block have their plans logged."""
    place = (sql.Identifier(role), sql.Identifier(connection.value("SELECT current_database()")))
    change = sql.SQL("ALTER ROLE {} IN DATABASE {} ")
    with connection.connection.cursor() as cursor:
        for name, value in SETTINGS.items():
            setting = sql.SQL("SET {} = {}").format(sql.SQL(name), sql.Literal(value))
            cursor.execute(change.format(*place) + setting)
        try:
            yield
        finally:
            cursor.execute(change.format(*place) + sql.SQL("RESET ALL"))


class PlanLog:
    """The server's log from here on. Empty for ever where the server keeps no jsonlog that it can show us."""

    def __init__(self, connection: ProbeConnection) -> None:
        self._connection = connection
        self._file: str | None = None
        self._offset = 0
        try:
            self._file = connection.value("SELECT pg_current_logfile('jsonlog')")
            if self._file:
                self._offset = connection.value("SELECT size FROM pg_stat_file(%s)", self._file)
        except psycopg2.Error:
            self._file = None

    def read(self, mention: str) -> tuple[Plan, ...]:
        """The plans logged since the last call of statements that mention this; waits for the first."""
        until = time.monotonic() + TIMEOUT
        text = b""
        while self._file and time.monotonic() < until:
            more = bytes(
                self._connection.value(
                    "SELECT pg_read_binary_file(%s, %s, 100000000)", self._file, self._offset + len(text)
                )
            )
            text += more
            if not more and (plans := self._plans(text, mention)):
                self._offset += len(text)
                return plans
            time.sleep(SETTLED)
        self._offset += len(text)
        return ()

    def _plans(self, text: bytes, mention: str) -> tuple[Plan, ...]:
        name = self._connection.value("SELECT current_database()")
        found = []
        for line in text.splitlines():
            try:
                entry = json.loads(line)
                if entry.get("dbname") == name and MARK in entry.get("message", ""):
                    document = json.loads(entry["message"].split(MARK, 1)[1])
                    found.append(Plan(document["Query Text"], document["Plan"]))
            except (ValueError, KeyError, AttributeError):
                continue
        return tuple(plan for plan in found if mention in plan.text)


def _walk(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _walk(child)


def _outline(node: dict[str, Any], depth: int) -> Iterator[str]:
    name = str(node.get("Node Type"))
    if index := node.get("Index Name"):
        name += f" using {index}"
    if relation := node.get("Relation Name"):
        name += f" on {relation}"
    loops = node.get("Actual Loops")
    blocks = int(node.get("Shared Hit Blocks", 0)) + int(node.get("Shared Read Blocks", 0))
    times = f"{loops}×, " if isinstance(loops, int | float) and loops > 1 else ""
    yield f"{'  ' * depth}{name} ({times}{blocks:,} blocks)"
    for child in node.get("Plans", ()):
        yield from _outline(child, depth + 1)
