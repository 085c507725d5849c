"""Report what each statement of a migration did: the locks that it took, and the rows that it worked on.

A part of `history.py`, loaded by it into the same process. The figures come from the server, over the
migration's own connection, right after each statement: so they don't depend on when somebody looks.

pg_stat_xact_* count what is not handed over yet. `pg_stat_force_next_flush` has it handed over at the end of
the transaction, so that the counts of one never include those of another.
https://www.postgresql.org/docs/current/monitoring-stats.html
"""

import os
import re
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psycopg2
from psycopg2 import extensions

MOST = 20_000
"""Statements that are looked at; later ones are only counted."""

LONGEST, SHORTER, FEW = 4000, 300, 500
"""Characters of a statement that are reported, and those after the first FEW statements."""

NOT_ASKED = re.compile(r"\s*(SET|SHOW|BEGIN|START|SAVEPOINT|RELEASE|LOCK)\b", re.I)
"""After these nothing is asked: a question would take the snapshot that they come before."""

SAMPLE = """
SELECT pg_catalog.pg_stat_force_next_flush()::text, pg_catalog.current_setting('lock_timeout'),
       pg_catalog.current_setting('statement_timeout'),
       (SELECT l.virtualtransaction FROM pg_catalog.pg_locks l
         WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'virtualxid' LIMIT 1),
       (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(l.relation::bigint, l.mode))
          FROM pg_catalog.pg_locks l
         WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation' AND l.granted
           AND l.mode ~ '^(Share|ShareRowExclusive|Exclusive|AccessExclusive)Lock$'),
       (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
                 c.oid::bigint, c.relname, c.relfilenode::bigint,
                 pg_catalog.pg_stat_get_xact_tuples_returned(c.oid)
                 + pg_catalog.pg_stat_get_xact_tuples_fetched(c.oid),
                 pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid)
                 + pg_catalog.pg_stat_get_xact_tuples_updated(c.oid)
                 + pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid)))
          FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE (c.relkind = 'r' OR c.relkind = 'm')
           AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema')
"""

Report = Callable[..., None]


def watch(report: Report, root: str) -> None:
    """Report each statement over any new connection of psycopg2. `root` is the folder of the code."""
    connect = psycopg2.connect
    watcher = _Watcher(report, root)

    class Cursor(extensions.cursor):
        def execute(self, query: Any, vars: Any = None) -> Any:
            with watcher.statement(self):
                return super().execute(query, vars)

        def executemany(self, query: Any, vars_list: Any) -> Any:
            with watcher.statement(self):
                return super().executemany(query, vars_list)

        def copy_expert(self, sql: Any, file: Any, size: int = 8192) -> Any:
            with watcher.statement(self):
                return super().copy_expert(sql, file, size)

    class Connection(extensions.connection):
        def __init__(self, *given: Any, **named: Any) -> None:
            super().__init__(*given, **named)
            self.cursor_factory = Cursor
            watcher.connected(self)

    def connected(*given: Any, **named: Any) -> Any:
        return connect(*given, **{"connection_factory": Connection, **named})

    psycopg2.connect = connected


class _Watcher:
    def __init__(self, report: Report, root: str) -> None:
        self._report, self._root = report, root
        self._files: dict[int, int] = {}
        self._seen = 0

    def connected(self, connection: Any) -> None:
        self._sample(connection)

    def statement(self, cursor: Any) -> "_Statement":
        self._seen += 1
        return _Statement(self, cursor)

    def ended(self, cursor: Any, begun: float, error: BaseException | None) -> None:
        seconds = time.monotonic() - begun
        if self._seen > MOST:
            return
        file, line = self._place()
        connection = cursor.connection
        state = connection.get_transaction_status()
        query = cursor.query.decode(errors="replace") if isinstance(cursor.query, bytes) else ""
        silent = state == extensions.TRANSACTION_STATUS_INERROR or NOT_ASKED.match(query)
        sample = {} if silent else self._sample(connection)
        longest = LONGEST if self._seen <= FEW else SHORTER
        self._report(
            "statement",
            sql=" ".join(query[:longest].split()),
            rows=max(cursor.rowcount, 0),
            file=file,
            line=line,
            seconds=seconds,
            state=getattr(error, "pgcode", None) or ("" if error is None else "error"),
            in_transaction=state == extensions.TRANSACTION_STATUS_INTRANS,
            **sample,
        )

    def _sample(self, connection: Any) -> dict[str, Any]:
        """Ask the server. In a transaction, an error of ours must not end it."""
        inside = connection.get_transaction_status() == extensions.TRANSACTION_STATUS_INTRANS
        is_new = connection.status == extensions.STATUS_READY
        found: Any = None
        with suppress(psycopg2.Error), connection.cursor(cursor_factory=extensions.cursor) as cursor:
            if inside:
                cursor.execute("SAVEPOINT lab_review")
            try:
                cursor.execute(SAMPLE)
                found = cursor.fetchone()
            finally:
                if inside:
                    cursor.execute(f"{'RELEASE' if found else 'ROLLBACK TO'} SAVEPOINT lab_review")
        if is_new and not connection.autocommit:
            connection.rollback()  # psycopg2 began a transaction for the question; after a literal COMMIT not
        if found is None:
            return {}
        _, lock_timeout, statement_timeout, transaction, locks, tables = found
        rewritten = [
            name for oid, name, file, _, _ in tables or () if self._files.get(oid, file) != file and file
        ]
        self._files |= {oid: file for oid, _, file, _, _ in tables or ()}
        return {
            "bounded": not lock_timeout == statement_timeout == "0",
            "transaction": transaction or "",
            "locks": locks or [],
            "tables": [
                [oid, name, read, wrote] for oid, name, _, read, wrote in tables or () if read or wrote
            ],
            "rewritten": rewritten,
        }

    def _place(self) -> tuple[str, int]:
        """Return file and line of the innermost frame in a revision."""
        frame = sys._getframe()
        while frame is not None:
            name = frame.f_code.co_filename
            if name.startswith(f"{self._root}/") and "down_revision" in frame.f_globals:
                return os.path.relpath(name, self._root), frame.f_lineno
            frame = frame.f_back  # type: ignore[assignment]
        return "", 0


class _Statement:
    def __init__(self, watcher: _Watcher, cursor: Any) -> None:
        self._watcher, self._cursor = watcher, cursor

    def __enter__(self) -> None:
        self._begun = time.monotonic()

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        self._watcher.ended(self._cursor, self._begun, error)
