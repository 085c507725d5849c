"""What is wrong with what the statements of a run did: locks, rows, rewritten tables."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from lab.engine.watched import Statement, Watched
from lab.review.failures import failed
from lab.review.finding import Basis, Finding
from lab.review.safer import safer
from lab.review.source import Source, waived
from lab.review.text_rules import BLOCKS, by_text
from lab.review.work import LARGE, Tables, Work, works

WRITES = re.compile(r"\s*(?:UPDATE|DELETE|INSERT|MERGE|WITH)\b", re.I)
CHANGES_SCHEMA = re.compile(r"\b(?:CREATE|ALTER|DROP|RENAME|COMMENT)\b", re.I)
MOST_IN_A_BATCH = 50_000
"""Rows that one statement may write which is a transaction of its own: a large batch."""

MOST_SEEN = 5
"""Sentences of one finding; of more, the number is told."""

SET_LOCK_TIMEOUT = "op.execute(\"SET LOCAL lock_timeout = '2s'\")"


def findings_of(done: Watched, sources: Mapping[str, Source], tables: Tables) -> list[Finding]:
    """Return the problems of upgrades that ran in one go: what failed, what blocks. A waiver counts."""
    found = in_upgrade(done.statements, sources, tables)
    if done.failure:
        found.append(failed(done.failure, sources, done.statements))
    shown = [
        one
        for source in sources.values()
        for one in waived(source, [one for one in found if one.file == source.file])
    ]
    return merged([one for one in (*shown, *(one for one in found if one.file not in sources)) if one.counts])


def merged(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings, those with one id at one place as one: it says all that was seen there."""
    places: dict[tuple[str, str, int], list[Finding]] = {}
    for one in findings:
        places.setdefault((one.id, one.file, one.line), []).append(one)
    return [replace(same[0], seen=_all_seen(same)) for same in places.values()]


def _all_seen(same: Sequence[Finding]) -> str:
    texts = list(dict.fromkeys(one.seen for one in same))
    more = len(texts) - MOST_SEEN
    return " ".join([*texts[:MOST_SEEN], *([f"And {more} more."] if more > 0 else [])])


def in_upgrade(
    statements: Sequence[Statement], sources: Mapping[str, Source], tables: Tables
) -> list[Finding]:
    """Return what is wrong with what an upgrade did. A statement that is in no source is not judged."""
    found: list[Finding] = []
    unbounded = set[str]()
    wrote: dict[str, int] = {}
    first: dict[str, Work] = {}
    for work in works(statements, tables):
        one, source = work.statement, sources.get(work.statement.file)
        if source is None or not one.line:
            continue
        line = source.start_of(one.line)
        if one.in_transaction:
            wrote[one.transaction] = work.wrote_before + work.wrote
            if wrote[one.transaction] >= LARGE:
                first.setdefault(one.transaction, work)
        for id_, seen in _measured(work, source, tables):
            found.append(Finding(id_, source.file, line, Basis.MEASURED, seen, safer(one.sql, id_)))
        if (asked := _asked(work, tables)) and not one.bounded and source.file not in unbounded:
            unbounded.add(source.file)
            seen = f"It asks for {asked}, and would wait for it without end."
            found.append(
                Finding("no-lock-timeout", source.file, line, Basis.MEASURED, seen, SET_LOCK_TIMEOUT)
            )
        for id_, seen in by_text(work, tables):
            found.append(Finding(id_, source.file, line, Basis.RULE, seen, safer(one.sql, id_)))
    found += _large_backfills(first, wrote, sources)
    return merged(found)


def _large_backfills(
    first: Mapping[str, Work], wrote: Mapping[str, int], sources: Mapping[str, Source]
) -> Iterator[Finding]:
    """Yield a finding for each transaction that wrote many rows, at the statement that reached LARGE rows."""
    id_ = "backfill-in-one-transaction"
    for transaction, work in first.items():
        one, source = work.statement, sources[work.statement.file]
        seen = f"{wrote[transaction]:,} rows were written in one transaction."
        line, safe = source.start_of(one.line), safer(one.sql, id_)
        yield Finding(id_, source.file, line, Basis.MEASURED, seen, safe)


def _measured(work: Work, source: Source, tables: Tables) -> Iterator[tuple[str, str]]:
    one = work.statement
    seconds = f"in {one.seconds:.1f} s"
    if not one.in_transaction and one.rows >= MOST_IN_A_BATCH and WRITES.match(one.sql):
        yield "backfill-in-one-transaction", f"{one.rows:,} rows were written by one statement, {seconds}."
    if rewritten := _rewritten(one, tables):
        yield "table-rewritten", f"{_listed(rewritten)}: every row was written anew, {seconds}."
    elif work.is_long:
        parts = [
            f"{count:,} rows were {verb}"
            for verb, count in (("read", work.read), ("written", work.wrote))
            if count
        ]
        earlier = sorted(
            {
                source.start_of(work.takers[oid].line)
                for oid in work.held
                if oid not in work.new and work.takers[oid].file == source.file
            }
        )
        where = f", which line {_listed(list(map(str, earlier)))} took" if earlier else ""
        held = f"under {_locks(work.held, tables)}{where}"
        yield "lock-held-while-working", f"{_listed(parts)} {held}, {seconds}."


def _asked(work: Work, tables: Tables) -> str:
    """Return the locks that the statement took, or, outside of a transaction, what it needs one for."""
    if work.statement.in_transaction:
        return _locks(work.new, tables)
    return "a lock that stops writers" if BLOCKS.match(work.statement.sql) else ""


def in_downgrade(
    statements: Sequence[Statement], sources: Mapping[str, Source], tables: Tables
) -> Iterator[Finding]:
    """Yield for each source the first long work under a lock of its downgrade."""
    told = set[str]()
    for work in works(statements, tables):
        source, rewritten = sources.get(work.statement.file), _rewritten(work.statement, tables)
        if source is None or source.file in told or not (rewritten or work.is_long):
            continue
        told.add(source.file)
        rows = f"works on {work.read + work.wrote:,} rows"
        what = f"rewrites {_listed(rewritten)}" if rewritten else rows
        seen = f"The downgrade {what} under a lock that stops writers."
        line = source.start_of(work.statement.line)
        yield Finding("downgrade-works-under-lock", source.file, line, Basis.MEASURED, seen)


def statement_of(statements: Sequence[Statement], *names: str) -> Statement | None:
    """Return the last statement with a line whose text has all of these names, as words; None without one.

    One that changes the schema is preferred.
    """
    words = [re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.I) for name in names if name]
    fits = [one for one in statements if one.line and words and all(word.search(one.sql) for word in words)]
    changes = [one for one in fits if CHANGES_SCHEMA.search(one.sql)]
    return next(iter((changes or fits)[-1:]), None)


def _rewritten(one: Statement, tables: Tables) -> list[str]:
    if re.match(r"\s*TRUNCATE\b", one.sql, re.I):
        return []
    return [name for name in one.rewritten if name in tables.large.values()]


def _locks(held: Mapping[int, str], tables: Tables) -> str:
    return _listed([f"{mode} on {tables.used[oid]}" for oid, mode in held.items()])


def _listed(names: Sequence[str]) -> str:
    return " and ".join(names)
