"""What is wrong with what the statements of a run did: locks, rows, rewritten tables."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from lab.engine.catalogue import Catalogue
from lab.engine.watched import Failure, Statement, Watched
from lab.review.finding import Finding, How
from lab.review.safer import OUTSIDE, safer
from lab.review.source import Source, waived
from lab.sentences import sentence

MANY = 10_000
"""Rows that take long enough to be waited for. A table with as many is large."""

MODES = ("ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock")
"""The locks that stop writers, from the weakest on."""

IN_TRANSACTION = "25001"
"""The SQLSTATE of what cannot run in a transaction."""

FAILED = {"does-not-run", "concurrently-in-a-transaction"}
"""The ids of an upgrade that failed."""

BOUND = "op.execute(\"SET LOCAL lock_timeout = '2s'\")"
TRANSACTION = re.compile(
    r"(?:BEGIN|START TRANSACTION|COMMIT|ROLLBACK|END|ABORT)\b(?!\s+(?:TO|PREPARED))", re.I
)
SWALLOWED = re.compile(r"\bEXCEPTION\s+WHEN\b(.*)", re.I | re.S)
RAISES = re.compile(r"\bRAISE\s*(?:;|EXCEPTION\b)|\bRAISE\s+(?!NOTICE|WARNING|INFO|LOG|DEBUG)", re.I)
IF_NOT_EXISTS = re.compile(r"\b(?:CREATE|ADD)\b[^;]*?\bIF\s+NOT\s+EXISTS\s+(\S+)", re.I)
EXTENSION = re.compile(r"\bCREATE\s+EXTENSION\s+(?:IF\s+NOT\s+EXISTS\s+)?(\S+)", re.I)
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
    wrote: int = 0
    told: bool = False


@dataclass(frozen=True, slots=True)
class Work:
    """One statement, with the rows that it read and wrote, and the locks that it took or found held."""

    statement: Statement
    read: int
    wrote: int
    held: Mapping[int, str]
    new: Mapping[int, str]
    wrote_before: int

    @property
    def is_long(self) -> bool:
        """Whether it worked on many rows while writers had to wait."""
        return bool(self.held) and self.read + self.wrote >= MANY


def works(statements: Sequence[Statement], tables: Tables) -> Iterator[Work]:
    """Yield what each statement did in its transaction. Only locks on tables in use are counted."""
    now = _Transaction()
    for one in statements:
        if not one.in_transaction or one.transaction != now.id:
            now = _Transaction(one.transaction)
        if not one.in_transaction:
            yield Work(one, 0, 0, {}, {}, 0)
            continue
        rows = {oid: (read, wrote) for oid, _, read, wrote in one.tables}
        read = sum(read for read, _ in rows.values()) - sum(read for read, _ in now.rows.values())
        wrote = sum(wrote for _, wrote in rows.values()) - sum(wrote for _, wrote in now.rows.values())
        held: dict[int, str] = {}
        for oid, mode in one.locks:
            if oid in tables.used and mode in MODES:
                held[oid] = max(held.get(oid, mode), mode, key=MODES.index)
        new = {oid: mode for oid, mode in held.items() if now.locks.get(oid) != mode}
        yield Work(one, max(read, 0), max(wrote, 0), held, new, now.wrote)
        now.rows, now.locks, now.wrote = rows, held, now.wrote + max(wrote, 0)


def tables_of(before: Catalogue) -> Tables:
    """Return the tables of this catalogue as those in use."""
    return Tables(
        {one.oid: one.name for one in before.tables},
        {one.oid: one.name for one in before.tables if one.rows >= MANY},
    )


def findings_of(done: Watched, sources: Sequence[Source], tables: Tables) -> Iterator[Finding]:
    """Yield the problems of upgrades that ran in one go: what failed, what blocks. A waiver counts."""
    for source in sources:
        found = list(in_upgrade(source, in_file(done.statements, source.file), tables))
        if done.failure and done.failure.file == source.file:
            found.append(failed(done.failure, source))
        yield from (one for one in waived(source, found) if one.counts)
    if done.failure and done.failure.file not in {source.file for source in sources}:
        yield failed(done.failure, None)


def failed(failure: Failure, source: Source | None) -> Finding:
    """Return the finding on an upgrade that failed. Its file and line are known if there is a source."""
    is_concurrent = failure.state == IN_TRANSACTION
    id_ = "concurrently-in-a-transaction" if is_concurrent else "does-not-run"
    line = source.start_of(failure.line) if source else 0
    seen = f"It {failure.reason}." if failure.late else capital(failure.reason)
    return Finding(
        id_, source.file if source else "", line, How.MEASURED, seen, OUTSIDE if is_concurrent else ""
    )


def in_file(statements: Sequence[Statement], file: str) -> list[Statement]:
    """Return the statements of this file, and those without a place: Alembic's own."""
    return [one for one in statements if one.file in ("", file)]


def capital(text: str) -> str:
    """Return the text as a sentence."""
    return sentence(text[:1].upper() + text[1:])


def in_upgrade(source: Source, statements: Sequence[Statement], tables: Tables) -> Iterator[Finding]:
    """Yield what is wrong with what an upgrade did."""
    unbounded = filled = False
    for work in works(statements, tables):
        one = work.statement
        rewritten = _rewritten(one, tables)
        wrote = work.wrote_before + work.wrote
        for id_, applies, seen in (
            ("table-rewritten", bool(rewritten), f"{_listed(rewritten)}: every row was written anew"),
            (
                "lock-held-while-working",
                work.is_long and not rewritten,
                f"{work.read + work.wrote:,} rows were worked on, with {_locks(work.held, tables)}",
            ),
            (
                "backfill-in-one-transaction",
                wrote >= MANY and not filled,
                f"{wrote:,} rows were written in one transaction",
            ),
        ):
            if applies:
                safe = safer(one.sql, id_)
                seen = f"{seen}, in {one.seconds:.1f} s."
                yield Finding(id_, source.file, source.start_of(one.line), How.MEASURED, seen, safe)
        filled = filled or wrote >= MANY
        if work.new and not one.bounded and not unbounded:
            unbounded = True
            seen = f"It asks for {_locks(work.new, tables)}, and would wait for it without end."
            line = source.start_of(one.line)
            yield Finding("no-lock-timeout", source.file, line, How.MEASURED, seen, BOUND)
        for id_, seen in _by_text(work, tables):
            safe = safer(one.sql, id_)
            yield Finding(id_, source.file, source.start_of(one.line), How.RULE, seen, safe)


def in_downgrade(source: Source, statements: Sequence[Statement], tables: Tables) -> Iterator[Finding]:
    """Yield the first long work under a lock of a downgrade."""
    for work in works(statements, tables):
        rewritten = _rewritten(work.statement, tables)
        if rewritten or work.is_long:
            what = f"{_listed(rewritten)} is rewritten" if rewritten else f"{work.read + work.wrote:,} rows"
            seen = f"The downgrade: {what}, under a lock that stops writers."
            line = source.start_of(work.statement.line)
            yield Finding("downgrade-works-under-lock", source.file, line, How.MEASURED, seen)
            return


def statement_of(statements: Sequence[Statement], *names: str) -> Statement | None:
    """Return the last statement whose text has all of these names, as words. One with a line is preferred."""
    fits = [
        one
        for one in statements
        if all(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", one.sql, re.I) for name in names)
    ]
    return next((one for one in reversed(fits) if one.line), None)


def _rewritten(one: Statement, tables: Tables) -> list[str]:
    large = set(tables.large.values())
    return (
        [] if re.match(r"\s*TRUNCATE\b", one.sql, re.I) else [name for name in one.rewritten if name in large]
    )


def _by_text(work: Work, tables: Tables) -> Iterator[tuple[str, str]]:
    one = work.statement
    if not one.line:
        return
    if TRANSACTION.match(one.sql):
        yield "transaction-ended-by-hand", f"It runs {one.sql.split(maxsplit=1)[0].upper()}."
    if (handler := SWALLOWED.search(one.sql)) and not RAISES.search(handler[1]):
        yield "error-swallowed", "Its EXCEPTION block goes on after the error."
    if (name := IF_NOT_EXISTS.search(one.sql)) and not EXTENSION.search(one.sql):
        yield "if-not-exists", f"If there is a {_bare(name[1])} already, it counts as made, whatever it is."
    if name := EXTENSION.search(one.sql):
        yield "extension", f"It creates the extension {_bare(name[1])}."
    if (name := DROP_INDEX.match(one.sql)) and set(work.new) & set(tables.large):
        yield (
            "drop-index-not-concurrently",
            f"{_bare(name[1])} is dropped under an exclusive lock of its table.",
        )


def _bare(name: str) -> str:
    return name.strip('"(;').rstrip('"')


def _locks(held: Mapping[int, str], tables: Tables) -> str:
    return _listed([f"{mode} on {tables.used[oid]}" for oid, mode in held.items()])


def _listed(names: Sequence[str]) -> str:
    return " and ".join(names)
