"""The finding on migrations that failed: what, and where."""

import re
from collections.abc import Mapping, Sequence

from lab.engine.watched import Failure, Statement
from lab.review.finding import Basis, Finding
from lab.review.safer import outside
from lab.review.source import Source
from lab.sentences import sentence

CONCURRENTLY = re.compile(r"\bCONCURRENTLY\b", re.I)
IN_TRANSACTION = "25001"
"""The SQLSTATE of what cannot run in a transaction."""


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
