"""The safer form of a statement, with its own names, as lines of a migration.

Where the text alone does not tell it, there is none: what is suggested must be right when it is pasted.
"""

import re
import textwrap

NAME = r'("[^"]+"|\w+(?:\.\w+)?)'
INDEX = re.compile(r"^\s*(CREATE\s+(?:UNIQUE\s+)?INDEX)\s+(?!CONCURRENTLY)", re.I)
DROP_INDEX = re.compile(r"^\s*(DROP\s+INDEX)\s+(?!CONCURRENTLY)", re.I)
CONSTRAINT = re.compile(
    rf"^\s*ALTER\s+TABLE\s+(?:ONLY\s+)?{NAME}\s+ADD\s+CONSTRAINT\s+{NAME}\s+(CHECK|FOREIGN\s+KEY|UNIQUE)\s*(\(.*)$",
    re.I,
)
VALIDATE = re.compile(rf"^\s*ALTER\s+TABLE\s+{NAME}\s+VALIDATE\s+CONSTRAINT\s+{NAME}\s*$", re.I)
NOT_NULL = re.compile(
    rf"^\s*ALTER\s+TABLE\s+{NAME}\s+ALTER\s+(?:COLUMN\s+)?{NAME}\s+SET\s+NOT\s+NULL\s*$", re.I
)
ADD_COLUMN = re.compile(
    rf"^\s*ALTER\s+TABLE\s+{NAME}\s+ADD\s+(?:COLUMN\s+)?{NAME}\s+([\w() ,]+?)\s+(DEFAULT\s+\S+)\s*$", re.I
)
TYPE = re.compile(
    rf"^\s*ALTER\s+TABLE\s+{NAME}\s+ALTER\s+(?:COLUMN\s+)?{NAME}\s+(?:SET\s+DATA\s+)?TYPE\s+"
    r"(\w+(?:\([\d, ]+\))?)",
    re.I,
)
UPDATE = re.compile(rf"^\s*UPDATE\s+(?:ONLY\s+)?{NAME}\s+SET\s+", re.I)

WIDTH = 58
"""Characters of the text in one line: with what is around it, it fits in 80 columns."""

AUTOCOMMIT = "with op.get_context().autocommit_block():  # outside of the transaction"
KNOWN = frozenset(
    {
        "table-rewritten",
        "lock-held-while-working",
        "backfill-in-one-transaction",
        "drop-index-not-concurrently",
    }
)
"""The findings that have a safer form."""


def safer(sql: str, finding: str) -> str:
    """Return a safer form of the statement; empty if there is none that its text alone tells."""
    sql = sql.strip().rstrip(";").rstrip()
    if finding not in KNOWN or ";" in sql:
        return ""
    for form in (_concurrent, _validated, _constraint, _not_null, _other_type, _batches):
        if found := form(sql):
            return found
    return _column(sql) if finding == "table-rewritten" else ""


def outside(sql: str) -> str:
    """Return the statement outside of the transaction."""
    return _block(_execute(sql.strip().rstrip("; ")))


def _concurrent(sql: str) -> str:
    for pattern in (INDEX, DROP_INDEX):
        if found := pattern.match(sql):
            return _block(_execute(f"{found[1]} CONCURRENTLY {sql[found.end() :]}"))
    return ""


def _validated(sql: str) -> str:
    return (
        f"# in a revision of its own, so in a transaction of its own:\n{_execute(sql)}"
        if VALIDATE.match(sql)
        else ""
    )


def _constraint(sql: str) -> str:
    found = CONSTRAINT.match(sql)
    if found is None:
        return ""
    table, name, kind, rest = found.groups()
    if kind.upper() == "UNIQUE":
        if not re.fullmatch(r"\([^()]+\)", rest):
            return ""
        made = _execute(f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON {table} {rest}")
        taken = _execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} UNIQUE USING INDEX {name}")
        return f"{_block(made)}\n{taken}"
    checked = _execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")
    return (
        f"{_execute(f'{sql} NOT VALID')}\n# in the next revision, so in a transaction of its own:\n{checked}"
    )


def _not_null(sql: str) -> str:
    found = NOT_NULL.match(sql)
    if found is None:
        return ""
    table, column = found.groups()
    name = "_".join(["ck", table.strip('"').rpartition(".")[2], column.strip('"'), "not_null"])
    added = _execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" CHECK ({column} IS NOT NULL) NOT VALID')
    checked = _execute(f'ALTER TABLE {table} VALIDATE CONSTRAINT "{name}"')
    later, last = "# in a revision of its own:", "# in another one, which reads no row then:"
    return f"{added}\n{later}\n{checked}\n{last}\n{_execute(sql)}"


def _other_type(sql: str) -> str:
    found = TYPE.match(sql)
    if found is None or '"' in found[2]:
        return ""
    table, column, kind = found.groups()
    return (
        f"{_execute(f'ALTER TABLE {table} ADD COLUMN {column}_new {kind}')}\n"
        f"# then write both columns, fill {column}_new in batches, and drop {column} later"
    )


def _batches(sql: str) -> str:
    if not UPDATE.match(sql):
        return ""
    return (
        "# outside of the transaction, with op.get_context().autocommit_block():\n"
        "# the UPDATE for some thousand rows at a time, by ranges of the key"
    )


def _column(sql: str) -> str:
    found = ADD_COLUMN.match(sql)
    if found is None:
        return ""
    table, column, kind, default = found.groups()
    added = _execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")
    later = _execute(f"ALTER TABLE {table} ALTER {column} SET {default}")
    return f"{added}\n{later}\n# then fill {column} of the rows that are there in batches"


def _block(lines: str) -> str:
    return f"{AUTOCOMMIT}\n{textwrap.indent(lines, '    ')}"


def _execute(sql: str) -> str:
    """Return the call that executes the statement, in lines that are short enough for a terminal."""
    parts = textwrap.wrap(sql, WIDTH, break_long_words=False, break_on_hyphens=False)
    texts = [_text(part if place == 0 else f" {part}") for place, part in enumerate(parts)]
    if len(texts) == 1:
        return f"op.execute({texts[0]})"
    return "op.execute(\n{}\n)".format("\n".join(f"    {text}" for text in texts))


def _text(part: str) -> str:
    return f'"{part}"' if '"' not in part and "\\" not in part else repr(part)
