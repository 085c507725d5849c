"""What each statement of a run did in its transaction: the rows that it read and wrote, and its locks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from lab.engine.catalogue import Catalogue
from lab.engine.watched import Statement

LARGE = 10_000
"""Rows that take long enough to be waited for. A table with as many is large."""

MODES = ("ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock")
"""The locks that stop writers, from the weakest on."""


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
