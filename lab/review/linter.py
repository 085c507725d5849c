"""What squawk, a linter of migrations, says of the statements that ran. Of what is measured, it is not asked.

https://squawkhq.com/docs/rules
"""

import json
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from lab.engine.watched import Statement
from lab.errors import LabError
from lab.review.finding import Finding, How
from lab.review.source import Source
from lab.sentences import printable
from lab.shell import run

PROGRAM = "squawk"
TIMEOUT = 20.0
NOT_ASKED = (
    "adding-field-with-default",
    "adding-foreign-key-constraint",
    "adding-not-nullable-field",
    "adding-required-field",
    "ban-concurrent-index-creation-in-transaction",
    "ban-drop-column",
    "ban-drop-table",
    "changing-column-type",
    "constraint-missing-not-valid",
    "disallowed-unique-constraint",
    "prefer-bigint-over-int",
    "prefer-bigint-over-smallint",
    "prefer-identity",
    "prefer-robust-stmts",
    "prefer-text-field",
    "prefer-timestamp-tz",
    "renaming-column",
    "renaming-table",
    "require-concurrent-index-creation",
    "require-concurrent-index-deletion",
    "require-lock-timeout",
    "require-statement-timeout",
    "transaction-nesting",
)
"""Rules on what a review measures, and those of style: the shipped tables have another one."""


def linted(statements: Sequence[Statement], sources: Mapping[str, Source]) -> Iterator[Finding]:
    """Yield what the linter says of the statements that have a place; nothing if it is not installed."""
    placed = [one for one in statements if one.line and one.file in sources]
    program = shutil.which(PROGRAM, path=str(Path(sys.executable).parent)) or shutil.which(PROGRAM)
    if not program or not placed:
        return
    text = "\n".join(f"{one.sql.rstrip('; ')};" for one in placed)  # one line each
    argv = [program, "--reporter", "json", "--exclude", ",".join(NOT_ASKED)]
    try:
        finished = run(argv, stdin=text.encode(), timeout=TIMEOUT)
        told = json.loads(finished.stdout or b"[]")
    except (LabError, ValueError):
        return
    for one in told:
        line, rule = one.get("line"), one.get("rule_name")
        if isinstance(line, int) and 0 <= line < len(placed) and rule != "syntax-error":
            statement = placed[line]
            source = sources[statement.file]
            seen = printable(f"squawk, {rule}: {one.get('message', '')}")
            safe = printable(f"# {one['help']}") if one.get("help") else ""
            yield Finding("linter", source.file, source.start_of(statement.line), How.RULE, seen, safe)
