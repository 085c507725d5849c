"""What is wrong with a downgrade: it failed, did nothing, left something or took too much."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence

from lab.engine.watched import Failure, Statement
from lab.review.failures import at_failure, capital
from lab.review.finding import Basis, Finding
from lab.review.source import Source
from lab.review.statement_findings import statement_of
from lab.review.traces import SchemaRows, traces

FEWEST_WORDS = 4
"""Words of a reason. With fewer, a downgrade that raises says nothing."""

NAME = re.compile(r"[ ,.]")
"""Between the kind of an object, its name and what follows."""

TYPE = re.compile(r"^[A-Za-z_]\w*(: |$)")
"""The exception's type, before its text."""

MOST_NAMED = 4
"""Objects that are named in a sentence; of more, the number is told."""


def failed_downgrade(failure: Failure, sources: Mapping[str, Source]) -> Finding:
    """Return the finding on a downgrade that failed: by an error, or because its author raises one."""
    source = sources.get(failure.file)
    node = source.statement_at(failure.line) if source else None
    if source is None or not isinstance(node, ast.Raise):
        return at_failure("downgrade-fails", failure, sources)
    reason = TYPE.sub("", failure.reason)
    if len(reason.split()) >= FEWEST_WORDS:
        return Finding(
            "downgrade-refused", source.file, node.lineno, Basis.RULE, capital(f"It says: {reason}")
        )
    seen = f"It raises, and gives no reason: {failure.reason}."
    return Finding("downgrade-missing", source.file, 0, Basis.RULE, seen)


def left_by_downgrade(
    source: Source, statements: Sequence[Statement], before: SchemaRows, now: SchemaRows
) -> Iterator[Finding]:
    """Yield what is not as it was `before` the upgrade, after these statements of the downgrade."""
    changed = list(traces(before, now))
    more = [one.object for one in changed if one.more]
    less = [one.object for one in changed if not one.more]
    if changed and source.is_empty("downgrade"):
        seen = f"It does nothing. Not as before: {_listed([*more, *less])}."
        yield Finding("downgrade-missing", source.file, 0, Basis.MEASURED, seen)
        return
    if more:
        yield Finding(
            "downgrade-leaves-trace", source.file, 0, Basis.MEASURED, f"Still there: {_listed(more)}."
        )
    if less:
        line = _dropping(source, statements, less)
        yield Finding(
            "downgrade-drops-too-much", source.file, line, Basis.MEASURED, f"Gone: {_listed(less)}."
        )


def _dropping(source: Source, statements: Sequence[Statement], objects: Sequence[str]) -> int:
    """Return the line of the statement that drops one of the objects; of the last drop, if none names one."""
    drops = [one for one in statements if one.line and re.search(r"\bDROP\b", one.sql, re.I)]
    named = [statement_of(drops, NAME.split(one)[1]) for one in objects]
    found = next((one for one in named if one), drops[-1] if drops else None)
    return source.start_of(found.line) if found else 0


def _listed(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join([*names[:MOST_NAMED], *([f"and {more} more"] if more > 0 else [])])
