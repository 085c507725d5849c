"""What the upgraded schema has that it should not: read from the catalogue, before and after."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from lab.database import connect

OWN = "n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'lab')"
TABLES = f"""
SELECT c.oid::bigint, c.relname, c.reltuples::bigint, c.relispartition,
       EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p') AND c.relname <> 'alembic_version' AND {OWN} ORDER BY 2
"""
INDEXES = f"""
SELECT i.indexrelid::regclass::text, c.relname, i.indisvalid, k.conname, i.indisunique,
       ARRAY(SELECT coalesce(a.attname, '') FROM unnest(i.indkey::int[]) WITH ORDINALITY AS p (attnum, place)
               LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = p.attnum AND p.attnum > 0
              WHERE p.place <= i.indnkeyatts ORDER BY p.place)
  FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')
 WHERE {OWN} AND NOT c.relispartition ORDER BY 1
"""
CONSTRAINTS = f"""
SELECT t.conname, c.relname, t.contype::text, t.convalidated, f.relname,
       ARRAY(SELECT a.attname FROM unnest(t.conkey) WITH ORDINALITY AS p (attnum, place)
               JOIN pg_attribute a ON a.attrelid = t.conrelid AND a.attnum = p.attnum ORDER BY p.place)
  FROM pg_constraint t JOIN pg_class c ON c.oid = t.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_class f ON f.oid = t.confrelid
 WHERE {OWN} AND t.contype IN ('p', 'u', 'x', 'f', 'c') AND NOT c.relispartition ORDER BY 1
"""
COLUMNS = f"""
SELECT c.relname, a.attname, a.attidentity <> '' OR coalesce(pg_get_expr(d.adbin, d.adrelid), '') ~ '^nextval'
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
 WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> 'alembic_version'
   AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND {OWN} ORDER BY c.relname, a.attnum
"""

KINDS = {"p": "pk", "f": "fk", "u": "uq", "c": "ck"}


@dataclass(frozen=True, slots=True)
class Table:
    oid: int
    name: str
    rows: int
    is_partition: bool
    has_primary_key: bool


@dataclass(frozen=True, slots=True)
class Index:
    """`columns` are empty texts where it has an expression. `constraint` is empty if it has none."""

    name: str
    table: str
    valid: bool
    constraint: str
    unique: bool
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Constraint:
    """`kind` is that of pg_constraint.contype, `refers` the table of a foreign key, else empty."""

    name: str
    table: str
    kind: str
    valid: bool
    refers: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The tables, indexes and constraints of a database, and the columns of each table in order.

    The value of a column is true if the database gives it one by counting.
    """

    tables: tuple[Table, ...]
    indexes: tuple[Index, ...]
    constraints: tuple[Constraint, ...]
    columns: Mapping[str, Mapping[str, bool]]


@dataclass(frozen=True, slots=True)
class Leftover:
    """A finding's id, what was seen, and the names that the statement at fault has. `table` may be empty."""

    id: str
    seen: str
    names: tuple[str, ...]


def catalogue(url: str) -> Catalogue:
    """Read the catalogue. Raises DatabaseUnreachable, and psycopg2.Error if the database refuses."""
    with closing(connect(url)) as connection, connection.cursor() as cursor:
        found = []
        for query in (TABLES, INDEXES, CONSTRAINTS, COLUMNS):
            cursor.execute(query)
            found.append(cursor.fetchall())
    tables, indexes, constraints, listed = found
    columns: dict[str, dict[str, bool]] = {}
    for table, column, counted in listed:
        columns.setdefault(table, {})[column] = counted
    return Catalogue(
        tuple(Table(*row) for row in tables),
        tuple(Index(*(*row[:3], row[3] or "", row[4], tuple(row[5]))) for row in indexes),
        tuple(Constraint(*(*row[:4], row[4] or "", tuple(row[5]))) for row in constraints),
        columns,
    )


def leftovers(before: Catalogue, after: Catalogue, convention: Mapping[str, str]) -> Iterator[Leftover]:
    """Yield what is new in the schema and should be otherwise. `convention` is that of the models' names."""
    old_tables = {one.name for one in before.tables}
    old_indexes = {one.name for one in before.indexes}
    old_constraints = {(one.table, one.name) for one in before.constraints}
    known_invalid = {one.name for one in before.indexes if not one.valid}
    oids = {one.oid for one in before.tables}
    new_tables = {one.name for one in after.tables if one.oid not in oids and one.name not in old_tables}
    for index in after.indexes:
        if not index.valid and index.name not in known_invalid:
            yield Leftover(
                "invalid-index", f"The index {index.name} is invalid: it was not completed.", (index.name,)
            )
    for table in after.tables:
        if table.name in new_tables and not table.has_primary_key and not table.is_partition:
            yield Leftover("no-primary-key", f"{table.name} has no primary key.", (table.name,))
    for one in after.constraints:
        if (one.table, one.name) in old_constraints:
            continue
        if not one.valid:
            seen = f"{one.name} of {one.table} is NOT VALID after the last revision."
            yield Leftover("not-valid-left", seen, (one.name,))
        if one.kind == "f" and not _is_indexed(one, after.indexes):
            listed = ", ".join(one.columns)
            seen = f"No index of {one.table} begins with {listed}, so a delete in {one.refers} reads it."
            yield Leftover("foreign-key-without-index", seen, (one.name,))
        yield from _off(convention, KINDS.get(one.kind, ""), one.name, one.table, one.columns, one.refers)
    for index in after.indexes:
        if index.name not in old_indexes and not index.constraint and all(index.columns):
            kinds = ("uq", "ix") if index.unique else ("ix",)
            off = [list(_off(convention, kind, index.name, index.table, index.columns, "")) for kind in kinds]
            if all(off):
                yield off[-1][0]


def _is_indexed(key: Constraint, indexes: Sequence[Index]) -> bool:
    wanted = set(key.columns)
    return any(
        index.table == key.table and set(index.columns[: len(wanted)]) == wanted
        for index in indexes
        if index.valid
    )


def _off(
    convention: Mapping[str, str], kind: str, name: str, table: str, columns: Sequence[str], refers: str
) -> Iterator[Leftover]:
    pattern = convention.get(kind)
    if not pattern or (wanted := _conventional(pattern, table, columns, refers)) is None:
        return
    if not re.fullmatch(wanted, name.strip('"')):
        shown = wanted.replace("\\", "").replace(".+", "…")
        yield Leftover("name-off-the-convention", f"{name} would be {shown} by the convention.", (name,))


def _conventional(pattern: str, table: str, columns: Sequence[str], refers: str) -> str | None:
    """Return the convention's name as a regular expression; None if it has a token that is not known here.

    https://docs.sqlalchemy.org/en/20/core/constraints.html#configuring-constraint-naming-conventions
    """
    first = columns[0] if columns else ""
    values = {
        "table_name": re.escape(table),
        "referred_table_name": re.escape(refers),
        "column_0_name": re.escape(first),
        "column_0_label": re.escape(f"{table}_{first}"),
        "column_0N_name": re.escape("".join(columns)),
        "column_0_N_name": re.escape("_".join(columns)),
        "constraint_name": ".+",
    }
    try:
        return pattern % values
    except (KeyError, ValueError, TypeError):
        return None
