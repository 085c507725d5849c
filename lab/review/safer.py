"""The safer form of a statement, with its own names, as lines of a migration."""

import re

NAME = r'"?([\w.]+)"?'
INDEX = re.compile(
    rf"CREATE\s+(UNIQUE\s+)?INDEX\s+(?:IF\s+NOT\s+EXISTS\s+)?{NAME}\s+ON\s+(?:ONLY\s+)?{NAME}\s*"
    r"(?:USING\s+\w+\s*)?\(([^()]*)\)",
    re.I,
)
DROP_INDEX = re.compile(rf"DROP\s+INDEX\s+(?:IF\s+EXISTS\s+)?{NAME}", re.I)
CONSTRAINT = re.compile(rf"ALTER\s+TABLE\s+(?:ONLY\s+)?{NAME}\s+ADD\s+CONSTRAINT\s+{NAME}\s+(.*)", re.I)
VALIDATE = re.compile(rf"ALTER\s+TABLE\s+{NAME}\s+VALIDATE\s+CONSTRAINT\s+{NAME}", re.I)
NOT_NULL = re.compile(rf"ALTER\s+TABLE\s+{NAME}\s+ALTER\s+(?:COLUMN\s+)?{NAME}\s+SET\s+NOT\s+NULL", re.I)
ADD_COLUMN = re.compile(
    rf"ALTER\s+TABLE\s+{NAME}\s+ADD\s+(?:COLUMN\s+)?{NAME}\s+([^,]+?)(\s+DEFAULT\b.*)?$", re.I
)
TYPE = re.compile(
    rf"ALTER\s+TABLE\s+{NAME}\s+ALTER\s+(?:COLUMN\s+)?{NAME}\s+(?:SET\s+DATA\s+)?TYPE\s+(\S+)", re.I
)
UPDATE = re.compile(rf"UPDATE\s+(?:ONLY\s+)?{NAME}\s+SET\s+(.*?)(?:\s+WHERE\b.*)?$", re.I)

OUTSIDE = "with op.get_context().autocommit_block():  # outside of the transaction"


def safer(sql: str, finding: str) -> str:
    """Return a safer form of the statement; empty if there is none that its text alone tells."""
    if finding == "drop-index-not-concurrently" and (found := DROP_INDEX.search(sql)):
        return _block(f'op.drop_index("{found[1]}", postgresql_concurrently=True)')
    if found := INDEX.search(sql):
        columns = ", ".join(f'"{one.strip().strip(chr(34))}"' for one in found[4].split(","))
        unique = ", unique=True" if found[1] else ""
        made = (
            f'op.create_index("{found[2]}", "{found[3]}", [{columns}]{unique}, postgresql_concurrently=True)'
        )
        return _block(made)
    if found := VALIDATE.search(sql):
        return f"# in a revision of its own, so in a transaction of its own:\n{_execute(found[0])}"
    if found := CONSTRAINT.search(sql):
        table, name, what = found[1], found[2], found[3].rstrip("; ")
        if re.match(r"(UNIQUE|PRIMARY KEY)", what, re.I):
            columns = what.partition("(")[2].partition(")")[0]
            made = f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON {table} ({columns})"
            taken = (
                f"ALTER TABLE {table} ADD CONSTRAINT {name} {what.split('(')[0].strip()} USING INDEX {name}"
            )
            return f"{_block(_execute(made))}\n{_execute(taken)}"
        added = _execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {what} NOT VALID")
        checked = _execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")
        return f"{added}\n# in the next revision, so in a transaction of its own:\n{checked}"
    if found := NOT_NULL.search(sql):
        table, column = found[1], found[2]
        name = f"ck_{table}_{column}_not_null"
        added = _execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({column} IS NOT NULL) NOT VALID")
        checked = _execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")
        last = f"{_execute(f'ALTER TABLE {table} ALTER {column} SET NOT NULL')}  # reads no row then"
        later = "# in a revision of its own:"
        return f"{added}\n{later}\n{checked}\n{later}\n{last}"
    if found := TYPE.search(sql):
        table, column, kind = found[1], found[2], found[3].rstrip(";")
        return (
            f"{_execute(f'ALTER TABLE {table} ADD COLUMN {column}_new {kind}')}\n"
            f"# then fill {column}_new in batches, write both columns, and drop {column} later"
        )
    if found := UPDATE.search(sql):
        return (
            f"# outside of the transaction, so many rows at a time that each batch is short:\n"
            f"{_block(_execute(f'UPDATE {found[1]} SET … WHERE id > :after AND id <= :after + 5000'))}"
        )
    if finding == "table-rewritten" and (found := ADD_COLUMN.search(sql)):
        table, column, kind = found[1], found[2], found[3].strip()
        default = (found[4] or "").strip()
        lines = [_execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")]
        if default:
            lines.append(_execute(f"ALTER TABLE {table} ALTER {column} SET {default}"))
        return "\n".join([*lines, f"# then fill {column} of the rows that are there in batches"])
    return ""


def _block(line: str) -> str:
    return f"{OUTSIDE}\n    {line}"


def _execute(sql: str) -> str:
    return f'op.execute("{sql}")'
