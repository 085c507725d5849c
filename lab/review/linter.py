"""What squawk, a linter of migrations, says of the statements that ran. Of what is measured, it is not asked.

https://squawkhq.com/docs/rules
"""

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from lab.engine.watched import LONGEST, Statement
from lab.errors import LabError
from lab.review.finding import Basis, Finding
from lab.review.source import Source
from lab.shell import run

PROGRAM = "squawk"
TIMEOUT = 20.0
"""Seconds for the linter, which takes less than one. This only bounds a hang."""

MOST = 500
"""Statements that it is asked about."""

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
    placed = [one for one in statements if one.line and one.file in sources and _is_whole(one)][:MOST]
    program = shutil.which(PROGRAM, path=str(Path(sys.executable).parent)) or shutil.which(PROGRAM)
    if not program or not placed:
        return
    for one in _told(program, "\n".join(f"{one.sql.rstrip('; ')};" for one in placed)):  # one line each
        line, rule = one.get("line"), one.get("rule_name")
        if isinstance(line, int) and 0 <= line < len(placed) and rule != "syntax-error":
            statement = placed[line]
            source = sources[statement.file]
            seen = f"squawk, {rule}: {one.get('message', '')}"
            safe = f"# {one['help']}" if one.get("help") else ""
            yield Finding("linter", source.file, source.start_of(statement.line), Basis.RULE, seen, safe)


def _is_whole(one: Statement) -> bool:
    """Whether the text is complete in one line: a comment would hide what follows it."""
    return len(one.sql) < LONGEST and "--" not in one.sql and "/*" not in one.sql


def _told(program: str, text: str) -> list[dict[str, Any]]:
    """Return what the linter reports; nothing if it fails. It looks for settings in an empty folder only."""
    argv = [program, "--reporter", "json", "--exclude", ",".join(NOT_ASKED)]
    with tempfile.TemporaryDirectory(prefix="lab-") as empty, suppress(LabError, ValueError):
        finished = run(argv, cwd=Path(empty), stdin=text.encode(), timeout=TIMEOUT)
        found = json.loads(finished.stdout or b"[]")
        return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    return []
