"""What is wrong with a statement by its text, where nothing can be measured."""

import re
from collections.abc import Iterator

from lab.review.work import Tables, Work

TRANSACTION = re.compile(
    r"(?:BEGIN|START TRANSACTION|COMMIT|ROLLBACK|END|ABORT)\b(?!\s+(?:TO|PREPARED))", re.I
)
SWALLOWED = re.compile(r"\A\s*DO\b.*?\bEXCEPTION\s+WHEN\b(.*)", re.I | re.S)
RAISES = re.compile(r"\bRAISE\s*(?:;|EXCEPTION\b)|\bRAISE\s+(?!NOTICE|WARNING|INFO|LOG|DEBUG)", re.I)
IF_NOT_EXISTS = re.compile(r"\b(?:CREATE|ADD)\b[^;]*?\bIF\s+NOT\s+EXISTS\s+(\S+)", re.I)
EXTENSION = re.compile(r"\bCREATE\s+EXTENSION\s+(?:IF\s+NOT\s+EXISTS\s+)?(\S+)", re.I)

BLOCKS = re.compile(
    r"\s*(?:ALTER\s+TABLE|LOCK|TRUNCATE|CLUSTER|VACUUM\s+FULL|VACUUM\s*\([^)]*\bFULL|DROP\s+TABLE"
    r"|(?:DROP|CREATE(?:\s+UNIQUE)?)\s+INDEX(?!\s+CONCURRENTLY)|REINDEX(?!.*CONCURRENTLY))\b",
    re.I | re.S,
)
"""What takes a lock that stops writers, also outside of a transaction, after which it cannot be seen."""

PLAIN_BUILD = re.compile(
    r"\s*(?:CREATE\s+(?:UNIQUE\s+)?INDEX(?!\s+CONCURRENTLY)\b.*?\bON\s+(?:ONLY\s+)?(?:\"?\w+\"?\.)?\"?(\w+)"
    r"|ALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?(?:\"?\w+\"?\.)?\"?(\w+)\"?"
    r"\s+ADD\s+CONSTRAINT\s(?!.*\b(?:NOT\s+VALID|USING\s+INDEX)\b))",
    re.I | re.S,
)
"""What works on all rows of a table under a lock that stops writers."""

DROP_INDEX = re.compile(r"\s*DROP\s+INDEX(?!\s+CONCURRENTLY)\s+(?:IF\s+EXISTS\s+)?(\S+)", re.I)


def by_text(work: Work, tables: Tables) -> Iterator[tuple[str, str]]:
    """Yield the id of each finding on the statement, and what is seen there."""
    one = work.statement
    if not one.in_transaction and (build := PLAIN_BUILD.match(one.sql)):
        table = build[1] or build[2]
        if table.lower() in {name.lower() for name in tables.large.values()}:  # unquoted, case says nothing
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
