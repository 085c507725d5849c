"""What is wrong with what the statements of a run did: locks, rows, rewritten tables."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from lab.engine.catalogue import Catalogue
from lab.engine.watched import Failure, Statement, Watched
from lab.review.finding import Basis, Finding
from lab.review.safer import outside, safer
from lab.review.source import Source, waived
from lab.sentences import sentence

LARGE = 10_000
"""Rows that take long enough to be waited for. A table with as many is large."""

CONCURRENTLY = re.compile(r"\bCONCURRENTLY\b", re.I)
WRITES = re.compile(r"\s*(?:UPDATE|DELETE|INSERT|MERGE|WITH)\b", re.I)
CHANGES_SCHEMA = re.compile(r"\b(?:CREATE|ALTER|DROP|RENAME|COMMENT)\b", re.I)
MOST_IN_A_BATCH = 50_000
"""Rows that one statement may write which is a transaction of its own: a large batch."""

MOST_SEEN = 5
"""Sentences of one finding; of more, the number is told."""

MODES = ("ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock")
"""The locks that stop writers, from the weakest on."""

IN_TRANSACTION = "25001"
"""The SQLSTATE of what cannot run in a transaction."""

SET_LOCK_TIMEOUT = "op.execute(\"SET LOCAL lock_timeout = '2s'\")"
TRANSACTION = re.compile(
    r"(?:BEGIN|START TRANSACTION|COMMIT|ROLLBACK|END|ABORT)\b(?!\s+(?:TO|PREPARED))", re.I
)
SWALLOWED = re.compile(r"\A\s*DO\b.*?\bEXCEPTION\s+WHEN\b(.*)", re.I | re.S)
RAISES = re.compile(r"\bRAISE\s*(?:;|EXCEPTION\b)|\bRAISE\s+(?!NOTICE|WARNING|INFO|LOG|DEBUG)", re.I)
IF_NOT_EXISTS = re.compile(r"\b(?:CREATE|ADD)\b[^;]*?\bIF\s+NOT\s+EXISTS\s+(\S+)", re.I)
EXTENSION = re.compile(r"\bCREATE\s+EXTENSION\s+(?:IF\s+NOT\s+EXISTS\s+)?(\S+)", re.I)
BLOCKS = re.compile(
    r"\s*(?:ALTER\s+TABLE|LOCK|TRUNCATE|CLUSTER|VACUUM\s*\(?\s*FULL|DROP\s+TABLE"
    r"|(?:DROP|CREATE(?:\s+UNIQUE)?)\s+INDEX\s+(?!CONCURRENTLY)|REINDEX\s+(?!.*CONCURRENTLY))\b",
    re.I,
)
"""What takes such a lock, also outside of a transaction, after which it cannot be seen any more."""

PLAIN_BUILD = re.compile(
    r"\s*(?:CREATE\s+(?:UNIQUE\s+)?INDEX\s+(?!CONCURRENTLY).*?\bON\s+(?:ONLY\s+)?\"?(\w+)"
    r"|ALTER\s+TABLE\s+(?:ONLY\s+)?\"?(\w+)\"?\s+ADD\s+CONSTRAINT\s(?!.*\b(?:NOT\s+VALID|USING\s+INDEX)\b))",
    re.I,
)
"""What works on all rows of a table under such a lock."""

DROP_INDEX = re.compile(r"\s*DROP\s+INDEX\s+(?!CONCURRENTLY)(?:IF\s+EXISTS\s+)?(\S+)", re.I)


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables that are in use, and the large ones among them: their names, by their OIDs."""

    used: Mapping[int, str]
    large: Mapping[int, str]


@dataclass(slots=True)
class _Transaction:
    """What the open transaction has done: rows read and written in all, and the locks that it holds."""

    id: str = ""
    rows: dict[int, tuple[int, int]] = field(default_factory=dict)
    locks: dict[int, str] = field(default_factory=dict)
    takers: dict[int, Statement] = field(default_factory=dict)
    wrote: int = 0


@dataclass(frozen=True, slots=True)
class Work:
    """One statement, with the rows that it read and wrote, and the locks that it took or found held.

    `takers` has the statement that took each lock. `wrote_before` are the rows that its transaction wrote
    before it.
    """

    statement: Statement
    read: int = 0
    wrote: int = 0
    held: Mapping[int, str] = field(default_factory=dict)
    new: Mapping[int, str] = field(default_factory=dict)
    takers: Mapping[int, Statement] = field(default_factory=dict)
    wrote_before: int = 0

    @property
    def is_long(self) -> bool:
        """Whether it worked on many rows while writers had to wait."""
        return bool(self.held) and self.read + self.wrote >= LARGE


def works(statements: Sequence[Statement], tables: Tables) -> Iterator[Work]:
    """Yield what each statement did in its transaction. Only locks on tables in use are counted."""
    now = _Transaction()
    for one in statements:
        if one.in_transaction and not one.transaction:
            yield Work(one)  # nothing was asked after it: the counts of the next statement include its own
            continue
        if not one.in_transaction or one.transaction != now.id:
            now = _Transaction(one.transaction)
        if not one.in_transaction:
            yield Work(one)
            continue
        rows = {oid: (read, wrote) for oid, _, read, wrote in one.tables}
        read = sum(read for read, _ in rows.values()) - sum(read for read, _ in now.rows.values())
        wrote = sum(wrote for _, wrote in rows.values()) - sum(wrote for _, wrote in now.rows.values())
        held: dict[int, str] = {}
        for oid, mode in one.locks:
            if oid in tables.used and mode in MODES:
                held[oid] = max(held.get(oid, mode), mode, key=MODES.index)
        new = {oid: mode for oid, mode in held.items() if now.locks.get(oid) != mode}
        now.takers |= dict.fromkeys(new, one)
        yield Work(one, max(read, 0), max(wrote, 0), held, new, dict(now.takers), now.wrote)
        now.rows, now.locks, now.wrote = rows, held, now.wrote + max(wrote, 0)


def tables_of(before: Catalogue) -> Tables:
    """Return the tables of this catalogue as those in use."""
    return Tables(
        {one.oid: one.name for one in before.tables},
        {one.oid: one.name for one in before.tables if one.rows >= LARGE},
    )


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


def failed(failure: Failure, sources: Mapping[str, Source], statements: Sequence[Statement] = ()) -> Finding:
    """Return the finding on an upgrade that failed, with its place if that is in one of the sources.

    The last of its statements is that which failed.
    """
    if failure.late:
        return at_failure("does-not-end", failure, sources)
    last = statements[-1].sql if statements else ""
    if failure.state != IN_TRANSACTION or not CONCURRENTLY.search(last):
        return at_failure("does-not-run", failure, sources)
    return at_failure("concurrently-in-a-transaction", failure, sources, outside(last))


def at_failure(id_: str, failure: Failure, sources: Mapping[str, Source], safe: str = "") -> Finding:
    """Return a finding at the place of the failure; without a file if it is in none of the sources."""
    source = sources.get(failure.file)
    file, line = (source.file, source.start_of(failure.line)) if source else ("", 0)
    where = "" if source or not failure.file else f"{failure.file}, line {failure.line}: "
    seen = f"It {failure.reason}." if failure.late else capital(f"{where}{failure.reason}")
    return Finding(id_, file, line, Basis.MEASURED, seen, safe)


def capital(text: str) -> str:
    """Return the text as a sentence."""
    return sentence(text[:1].upper() + text[1:])


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
        for id_, seen in _by_text(work, tables):
            found.append(Finding(id_, source.file, line, Basis.RULE, seen, safer(one.sql, id_)))
    for transaction, work in first.items():
        one, source = work.statement, sources[work.statement.file]
        seen = f"{wrote[transaction]:,} rows were written in one transaction."
        id_ = "backfill-in-one-transaction"
        line, safe = source.start_of(one.line), safer(one.sql, id_)
        found.append(Finding(id_, source.file, line, Basis.MEASURED, seen, safe))
    return merged(found)


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


def _by_text(work: Work, tables: Tables) -> Iterator[tuple[str, str]]:
    one = work.statement
    if not one.in_transaction and (build := PLAIN_BUILD.match(one.sql)):
        table = build[1] or build[2]
        if table in tables.large.values():
            yield "lock-held-while-working", f"It reads all rows of {table} under a lock that stops writers."
    if TRANSACTION.match(one.sql):
        yield "transaction-ended-by-hand", f"It runs {one.sql.split(maxsplit=1)[0].upper()}."
    if (handler := SWALLOWED.search(one.sql)) and not RAISES.search(handler[1]):
        yield "error-swallowed", "Its EXCEPTION block goes on after the error."
    if (name := IF_NOT_EXISTS.search(one.sql)) and not EXTENSION.search(one.sql):
        yield "if-not-exists", f"If {_bare(name[1])} is there already, it counts as made, whatever it is."
    if name := EXTENSION.search(one.sql):
        yield "extension", f"It creates the extension {_bare(name[1])}."
    if (name := DROP_INDEX.match(one.sql)) and set(work.new) & set(tables.large):
        yield (
            "drop-index-not-concurrently",
            f"{_bare(name[1])} is dropped under an exclusive lock of its table.",
        )


def _bare(name: str) -> str:
    return name.strip('"(;')


def _locks(held: Mapping[int, str], tables: Tables) -> str:
    return _listed([f"{mode} on {tables.used[oid]}" for oid, mode in held.items()])


def _listed(names: Sequence[str]) -> str:
    return " and ".join(names)
